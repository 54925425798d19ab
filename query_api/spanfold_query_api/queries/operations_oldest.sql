-- When the oldest row of each table of telemetry, events and scores happened; parts know it where partitions are by time.
SELECT 'spans' AS name, toUnixTimestamp64Nano(min(Timestamp)) AS oldest_unix_ns, count() AS row_count FROM spans
UNION ALL
SELECT 'logs', toUnixTimestamp64Nano(min(Timestamp)), count() FROM logs
UNION ALL
SELECT 'trace_ranges', toUnixTimestamp64Nano(min(Start)), count() FROM trace_ranges
UNION ALL
SELECT 'model_rollups', toInt64(toUnixTimestamp(min(Minute))) * 1000000000, count() FROM model_rollups
UNION ALL
SELECT 'evaluation_events', toUnixTimestamp64Nano(min(Timestamp)), count() FROM evaluation_events
UNION ALL
SELECT 'entity_events', toUnixTimestamp64Nano(min(Timestamp)), count() FROM entity_events
