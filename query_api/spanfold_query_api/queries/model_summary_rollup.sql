-- Whole minutes: the first and the last one count in full.
SELECT
    sum(SpanCount) AS span_count,
    sum(TraceCount) AS trace_count,
    sum(ErrorCount) AS error_count,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(Latency) AS latency_ns,
    sum(InputTokens) AS input_tokens,
    sum(OutputTokens) AS output_tokens,
    sum(Cost) AS cost_usd
FROM model_rollups
WHERE ModelId = {model_id:String}
    AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
