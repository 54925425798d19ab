-- The traces of a range by time, each once, at the best of its entry spans that match.
SELECT
    intDiv(best.1, {bucket_ns:Int64}) AS bucket,
    countIf(best.3 != 2) AS ok_count,
    countIf(best.3 = 2) AS error_count,
    quantilesExact(0.5, 0.95)(best.2) AS latency_ns
FROM
(
    SELECT argMax((toUnixTimestamp64Nano(Timestamp), Duration, StatusCode), (Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)) AS best
    FROM spans
    WHERE Entry >= 1
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND $filter
    GROUP BY TraceId
)
GROUP BY bucket
ORDER BY bucket
