-- What versions did in each piece of a period, from the counts by the minute. Pieces begin at multiples of their width.
SELECT
    ModelId AS model_id,
    toInt64(intDiv(toUnixTimestamp(Minute), {bucket_s:UInt32})) * {bucket_s:UInt32} * 1000000000 AS start_unix_ns,
    sum(TraceCount) AS trace_count,
    sum(ErrorCount) AS error_count,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(Latency) AS latency_ns,
    sum(Cost) AS cost_usd
FROM model_rollups
WHERE ModelId IN {model_ids:Array(String)}
    AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
GROUP BY model_id, start_unix_ns
ORDER BY model_id, start_unix_ns
