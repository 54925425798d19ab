SELECT
    toUnixTimestamp64Nano(min(Start)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(End)) AS last_unix_ns,
    count() AS part_count
FROM trace_ranges
WHERE TraceId = toFixedString(unhex({trace_id:String}), 16)
