-- The traces of a range by time, one a root span: nothing is held by trace, so this reads as fast as the columns come.
SELECT
    intDiv(toUnixTimestamp64Nano(Timestamp), {bucket_ns:Int64}) AS bucket,
    countIf(StatusCode != 2) AS ok_count,
    countIf(StatusCode = 2) AS error_count,
    quantilesExact(0.5, 0.95)(Duration) AS latency_ns
FROM spans
WHERE Entry = 2
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
GROUP BY bucket
ORDER BY bucket
