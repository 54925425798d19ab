-- as_of_ns = 9223372036854775807
-- stream_type = 'model'
-- streams = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- The fold of spanfold_schemas.fold: of each slot the write that wins.
SELECT
    Stream AS stream,
    Slot AS slot,
    argMax(Value, Rank) AS value,
    toUnixTimestamp64Nano(argMax(Timestamp, Rank)) AS written_unix_ns
FROM entity_slots
WHERE StreamType = {stream_type:String}
    AND Stream IN {streams:Array(String)}
GROUP BY Stream, Slot;

-- as_of_ns = 9223372036854775807
-- stream_type = 'model'
-- streams = ['m-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb']
-- The fold of spanfold_schemas.fold: of each slot the write that wins.
SELECT
    Stream AS stream,
    Slot AS slot,
    argMax(Value, Rank) AS value,
    toUnixTimestamp64Nano(argMax(Timestamp, Rank)) AS written_unix_ns
FROM entity_slots
WHERE StreamType = {stream_type:String}
    AND Stream IN {streams:Array(String)}
GROUP BY Stream, Slot;

-- end_ns = 9223372036854775807
-- f0 = 1
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- start_ns = 1795237200000000000
-- How much there is to compare. The count is a sketch's, within half a percent: counting without error would
-- hold every trace ID in memory.
SELECT
    uniqCombined64(TraceId) AS trace_count,
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns
FROM spans
WHERE ModelId = {model_id:String}
    AND Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND (Duration / 1000000 > {f0:Int64});

-- earliest_ns = 1795150800000000000
-- end_ns = 1795237200000000002
-- f0 = 1
-- latest_ns = 1795323600000000001
-- limit = 40000
-- max_hash = 18446744073709551615
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- start_ns = 1795237200000000000
-- A row for each trace that entered the version, or for a sample of them: those whose ID hashes low, which are
-- the same ones for every version. What a trace used is the sum over all its spans, those of services downstream
-- included; agents and tools repeat what the calls below them report, so they are left out, as in trace_totals.
-- A cost beyond all money is a fault of whoever wrote it, and would make every mean meaningless.
WITH entries AS
(
    SELECT
        TraceId,
        max((Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)) AS best
    FROM spans
    WHERE ModelId = {model_id:String}
        AND Entry >= 1
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND cityHash64(TraceId) <= {max_hash:UInt64}
        AND (Duration / 1000000 > {f0:Int64})
    GROUP BY TraceId
)
SELECT
    -entry.2 AS started_unix_ns,
    entry.4 AS duration_ns,
    entry.5 = 2 AS failed,
    input_tokens,
    output_tokens,
    cached_input_tokens,
    cost
FROM
(
    SELECT
        TraceId,
        maxIf((Entry, -toUnixTimestamp64Nano(Timestamp), SpanId, Duration, StatusCode), Entry >= 1 AND ModelId = {model_id:String}) AS entry,
        sumOrNullIf(InputTokens, IsCall) AS input_tokens,
        sumOrNullIf(OutputTokens, IsCall) AS output_tokens,
        sumOrNullIf(CachedInputTokens, IsCall) AS cached_input_tokens,
        sumOrNullIf(Cost, IsCall AND abs(Cost) < 1e12) AS cost
    FROM
    (
        SELECT
            TraceId,
            SpanId,
            Timestamp,
            ModelId,
            Entry,
            Duration,
            StatusCode,
            InputTokens,
            OutputTokens,
            CachedInputTokens,
            Cost,
            IsCall
        FROM spans
        WHERE TraceId IN (SELECT TraceId FROM entries)
            AND cityHash64(TraceId) <= {max_hash:UInt64}
            AND Timestamp >= fromUnixTimestamp64Nano({earliest_ns:Int64})
            AND Timestamp <= fromUnixTimestamp64Nano({latest_ns:Int64})
        ORDER BY Timestamp
        LIMIT 1 BY TraceId, SpanId
    )
    GROUP BY TraceId
)
WHERE (TraceId, (entry.1, entry.2, entry.3)) IN (SELECT TraceId, best FROM entries)
LIMIT {limit:UInt32};

-- end_ns = 1795237200000000002
-- f0 = 1
-- limit = 50
-- max_hash = 18446744073709551615
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- start_ns = 1795237200000000000
-- The scores of the same traces: a trace that was scored more than once by one name counts once, by the mean. Infinite
-- ones, and those beyond all scales, would leave nothing of it.
SELECT
    name,
    groupArray(score) AS scores
FROM
(
    SELECT
        EvaluationName AS name,
        avg(ScoreValue) AS score
    FROM evaluation_events
    WHERE abs(ScoreValue) < 1e12
        AND Error = ''
        AND cityHash64(TraceId) <= {max_hash:UInt64}
        AND TraceId IN
        (
            SELECT TraceId
            FROM spans
            WHERE ModelId = {model_id:String}
                AND Entry >= 1
                AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
                AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
                AND cityHash64(TraceId) <= {max_hash:UInt64}
                AND (Duration / 1000000 > {f0:Int64})
        )
    GROUP BY EvaluationName, TraceId
)
WHERE name != ''
GROUP BY name
ORDER BY count() DESC, name
LIMIT {limit:UInt32};

-- end_ns = 9223372036854775807
-- f0 = 1
-- model_id = 'm-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
-- start_ns = 1795237200000000000
-- How much there is to compare. The count is a sketch's, within half a percent: counting without error would
-- hold every trace ID in memory.
SELECT
    uniqCombined64(TraceId) AS trace_count,
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns
FROM spans
WHERE ModelId = {model_id:String}
    AND Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND (Duration / 1000000 > {f0:Int64});

