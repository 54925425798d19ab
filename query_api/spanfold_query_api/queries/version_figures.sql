-- What versions did in a period, from the counts by the minute: the first and the last minute count in full.
SELECT
    ModelId AS model_id,
    sum(TraceCount) AS trace_count,
    sum(ErrorCount) AS error_count,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(Latency) AS latency_ns,
    sum(InputTokens) AS input_tokens,
    sum(OutputTokens) AS output_tokens,
    sum(Cost) AS cost_usd,
    toInt64(toUnixTimestamp(min(Minute))) * 1000000000 AS first_unix_ns,
    toInt64(toUnixTimestamp(max(Minute))) * 1000000000 AS last_unix_ns
FROM model_rollups
WHERE ModelId IN {model_ids:Array(String)}
    AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
GROUP BY ModelId
