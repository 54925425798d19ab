-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- end_ns = 1795237200000000002
-- f0 = 1
-- limit = 100001
-- model_id = ''
-- start_ns = 1795237200000000000
-- How many entry spans of the window match, of the newest ones up to a limit, and when the earliest of these starts.
SELECT
    count() AS entry_count,
    toUnixTimestamp64Nano(min(Timestamp)) AS earliest_ns
FROM
(
    SELECT Timestamp
    FROM spans
    WHERE Entry >= 1
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND (Duration / 1000000 > {f0:Int64})
    ORDER BY Timestamp DESC
    LIMIT {limit:UInt32}
);

-- contains = 'o'
-- end_ns = 1795237200000000002
-- f0 = 1
-- facet0 = [0, 1, 2]
-- facet1 = ['UNSET', 'OK', 'ERROR']
-- facet2 = 'spanfold.tag.tier'
-- limit = 10
-- model_id = ''
-- named = [2]
-- start_ns = 1795237200000000000
-- value_chars = 1000
-- The most frequent values of several fields, over the traces of a range, each at the best of its entry spans that
-- match. Which one that is, light columns tell; the values are read of these spans only, and the filter stands there once
-- more since it spares reading. The first value is the same for all traces, so it counts them.
SELECT
    number,
    substringUTF8(value, 1, {value_chars:UInt32}) AS shown,
    trace_count,
    distinct_count
FROM
(
    SELECT
        number,
        value,
        count() AS trace_count,
        count() OVER (PARTITION BY number) AS distinct_count
    FROM
    (
        SELECT ['', toString(ModelId), transform(StatusCode, {facet0:Array(Int8)}, {facet1:Array(String)}, ''), SpanAttributes[{facet2:String}]] AS found
        FROM spans
        WHERE Entry >= 1
            AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
            AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            AND ({model_id:String} = '' OR ModelId = {model_id:String})
            AND (Duration / 1000000 > {f0:Int64})
            AND cityHash64(TraceId, SpanId) IN
            (
                SELECT argMax(cityHash64(TraceId, SpanId), bitShiftLeft(toInt128(Entry), 64) - toUnixTimestamp64Nano(Timestamp))
                FROM spans
                WHERE Entry >= 1
                    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
                    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
                    AND ({model_id:String} = '' OR ModelId = {model_id:String})
                    AND (Duration / 1000000 > {f0:Int64})
                GROUP BY TraceId
            )
        LIMIT 1 BY TraceId
    )
    ARRAY JOIN
        found AS value,
        arrayEnumerate(found) AS number
    GROUP BY number, value
    HAVING number = 1
        OR {contains:String} = ''
        OR positionCaseInsensitiveUTF8(value, {contains:String}) > 0
        OR -- Put into facets.sql where versions are searched, too: those whose names have the text in them.
(
    has({named:Array(UInt32)}, number)
    AND value IN
    (
        SELECT Stream
        FROM entity_slots
        WHERE StreamType = 'model' AND Slot = 'created.name'
        GROUP BY Stream
        HAVING positionCaseInsensitiveUTF8(JSONExtractString(argMax(Value, Rank)), {contains:String}) > 0
    )
)
)
ORDER BY number, trace_count DESC, value
LIMIT {limit:UInt32} BY number;

-- model_ids = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
SELECT
    Stream AS model_id,
    JSONExtractString(argMax(Value, Rank)) AS name
FROM entity_slots
WHERE StreamType = 'model'
    AND Slot = 'created.name'
    AND Stream IN {model_ids:Array(String)}
GROUP BY Stream;

-- end_ns = 1795237200000000002
-- f0 = 1
-- limit = 10
-- max_scores = 100
-- model_id = ''
-- scored_since_ns = 1795233600000000000
-- start_ns = 1795237200000000000
-- The newest score of each name that each trace of a range has, as the filter language sees it. What is infinite, or
-- beyond all scales, would leave nothing of a mean.
SELECT
    name,
    sum(trace_count) AS count,
    sumOrNull(total) / nullIf(sum(value_count), 0) AS mean,
    min(lowest) AS minimum,
    max(highest) AS maximum,
    arraySlice(arraySort(entry -> (-entry.1, entry.2), groupArrayIf((trace_count, label), label != '')), 1, {limit:UInt32}) AS labels
FROM
(
    SELECT
        name,
        label,
        count() AS trace_count,
        countIf(abs(value) < 1e12) AS value_count,
        sumOrNullIf(value, abs(value) < 1e12) AS total,
        minOrNullIf(value, abs(value) < 1e12) AS lowest,
        maxOrNullIf(value, abs(value) < 1e12) AS highest
    FROM
    (
        SELECT
            toString(EvaluationName) AS name,
            argMax(tuple(ScoreValue), Timestamp).1 AS value,
            toString(argMax(ScoreLabel, Timestamp)) AS label
        FROM evaluation_events
        WHERE Error = ''
            AND Timestamp >= fromUnixTimestamp64Nano({scored_since_ns:Int64})
            AND TraceId IN
            (
                SELECT TraceId
                FROM spans
                WHERE Entry >= 1
                    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
                    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
                    AND ({model_id:String} = '' OR ModelId = {model_id:String})
                    AND (Duration / 1000000 > {f0:Int64})
            )
        GROUP BY name, TraceId
    )
    GROUP BY name, label
)
GROUP BY name
ORDER BY count DESC, name
LIMIT {max_scores:UInt32};

