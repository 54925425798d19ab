-- How much there is to compare. The count is a sketch's, within half a percent: counting without error would
-- hold every trace ID in memory.
SELECT
    uniqCombined64(TraceId) AS trace_count,
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns
FROM spans
WHERE ModelId = {model_id:String}
    AND Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND $filter
