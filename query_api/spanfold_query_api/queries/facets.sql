-- The most frequent values of several fields, over the newest traces of a range. The first value is the same for all
-- traces, so it counts them. Versions are found by their names, too.
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
        SELECT argMax((toUnixTimestamp64Nano(Timestamp), [$values]), (Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)) AS best
        FROM spans
        WHERE Entry >= 1
            AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
            AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            AND ({model_id:String} = '' OR ModelId = {model_id:String})
            AND $filter
        GROUP BY TraceId
        ORDER BY best.1 DESC
        LIMIT {max_traces:UInt32}
    )
    ARRAY JOIN
        best.2 AS value,
        arrayEnumerate(best.2) AS number
    GROUP BY number, value
    HAVING number = 1
        OR {contains:String} = ''
        OR positionCaseInsensitiveUTF8(value, {contains:String}) > 0
        OR
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
LIMIT {limit:UInt32} BY number
