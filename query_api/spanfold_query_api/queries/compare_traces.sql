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
        AND $filter
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
LIMIT {limit:UInt32}
