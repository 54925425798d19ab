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
        SELECT [$values] AS found
        FROM spans
        WHERE Entry >= 1
            AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
            AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            AND ({model_id:String} = '' OR ModelId = {model_id:String})
            AND $filter
            AND cityHash64(TraceId, SpanId) IN
            (
                SELECT argMax(cityHash64(TraceId, SpanId), bitShiftLeft(toInt128(Entry), 64) - toUnixTimestamp64Nano(Timestamp))
                FROM spans
                WHERE Entry >= 1
                    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
                    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
                    AND ({model_id:String} = '' OR ModelId = {model_id:String})
                    AND $filter
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
        OR $is_named
)
ORDER BY number, trace_count DESC, value
LIMIT {limit:UInt32} BY number
