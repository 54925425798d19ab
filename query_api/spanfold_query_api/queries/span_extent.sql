-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans
