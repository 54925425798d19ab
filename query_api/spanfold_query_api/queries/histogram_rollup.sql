-- Whole minutes: the first and the last one count in full. Entry spans are counted: right where each trace has one.
SELECT
    intDiv(toInt64(toUnixTimestamp(Minute)) * 1000000000, {bucket_ns:Int64}) AS bucket,
    sum(TraceCount) - sum(ErrorCount) AS ok_count,
    sum(ErrorCount) AS error_count,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(Latency) AS latency_ns
FROM model_rollups
WHERE ({model_id:String} = '' OR ModelId = {model_id:String})
    AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
GROUP BY bucket
HAVING sum(TraceCount) > 0
ORDER BY bucket
