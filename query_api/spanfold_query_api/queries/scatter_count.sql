-- How many traces of a range match. A sketch's count, within half a percent, as in compare_traffic.sql.
SELECT uniqCombined64(TraceId) AS trace_count
FROM spans
WHERE Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND ({model_id:String} = '' OR ModelId = {model_id:String})
    AND $filter
