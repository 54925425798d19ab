SELECT
    count() AS span_count,
    countIf(Entry >= 1) AS trace_count,
    countIf(Entry >= 1 AND StatusCode = 2) AS error_count,
    quantilesExactIf(0.5, 0.95, 0.99)(Duration, Entry >= 1) AS latency_ns,
    sumOrNullIf(InputTokens, IsCall) AS input_tokens,
    sumOrNullIf(OutputTokens, IsCall) AS output_tokens,
    sumOrNullIf(Cost, IsCall) AS cost_usd
FROM
(
    SELECT
        Entry,
        StatusCode,
        Duration,
        InputTokens,
        OutputTokens,
        Cost,
        IsCall
    FROM spans
    WHERE ModelId = {model_id:String}
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    LIMIT 1 BY TraceId, SpanId
)
