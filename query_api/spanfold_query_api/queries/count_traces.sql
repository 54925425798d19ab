-- How many traces have an entry span in the range that matches, by stratum.
SELECT
    $stratum AS stratum,
    uniqExact(TraceId) AS trace_count
FROM spans
WHERE Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND ({model_id:String} = '' OR ModelId = {model_id:String})
    AND $filter
GROUP BY stratum
ORDER BY stratum
LIMIT {max_strata:UInt32}
