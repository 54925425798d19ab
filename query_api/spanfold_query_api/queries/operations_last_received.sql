-- When a span came in last, going by those of the newest hour that there are spans of.
SELECT
    toUnixTimestamp64Milli(max(ReceivedAt)) * 1000000 AS received_unix_ns,
    count() AS span_count
FROM spans
WHERE Timestamp >= (SELECT max(Timestamp) FROM spans) - INTERVAL 1 HOUR
