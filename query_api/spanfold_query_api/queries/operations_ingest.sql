-- Spans that came in since an instant, by the minute of their arrival; lag: from the end of a span to its arrival.
-- Spans that ended more than a day before they came in are left out: to find them, all would have to be read.
SELECT
    toInt64(toUnixTimestamp(toStartOfMinute(ReceivedAt))) * 1000000000 AS start_unix_ns,
    count() AS span_count,
    quantilesTDigest(0.5, 0.95)(toFloat64(toUnixTimestamp64Milli(ReceivedAt)) - (toUnixTimestamp64Nano(Timestamp) + Duration) / 1000000) AS lag_ms,
    toUnixTimestamp64Milli(max(ReceivedAt)) * 1000000 AS received_unix_ns
FROM spans
WHERE ReceivedAt >= fromUnixTimestamp64Milli({since_ms:Int64})
    AND Timestamp >= fromUnixTimestamp64Milli({since_ms:Int64}) - INTERVAL 1 DAY
GROUP BY start_unix_ns
ORDER BY start_unix_ns
LIMIT {limit:UInt32}
