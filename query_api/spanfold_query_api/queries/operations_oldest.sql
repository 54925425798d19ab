-- When the oldest row of each table of telemetry, events and scores happened. Those with partitions by time know.
SELECT 'spans' AS name, toUnixTimestamp64Nano(minOrNull(Timestamp)) AS oldest_unix_ns FROM spans
UNION ALL
SELECT 'logs', toUnixTimestamp64Nano(minOrNull(Timestamp)) FROM logs
UNION ALL
SELECT 'trace_ranges', toUnixTimestamp64Nano(minOrNull(Start)) FROM trace_ranges
UNION ALL
SELECT 'model_rollups', toUnixTimestamp64Nano(toDateTime64(minOrNull(Minute), 9)) FROM model_rollups
UNION ALL
SELECT 'evaluation_events', toUnixTimestamp64Nano(minOrNull(Timestamp)) FROM evaluation_events
UNION ALL
SELECT 'entity_events', toUnixTimestamp64Nano(minOrNull(Timestamp)) FROM entity_events
