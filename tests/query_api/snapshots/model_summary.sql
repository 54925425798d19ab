-- end_ns = 9223372036854775807
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- start_ns = 1795237200000000000
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
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64});

-- end_ns = 9223372036854775807
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- start_ns = 1795237200000000000
-- A trace that enters the version more than once, as through two services, counts once, by its best entry: as in the
-- listing of traces.
SELECT
    sum(spans) AS span_count,
    countIf(entry.1 >= 1) AS trace_count,
    countIf(entry.1 >= 1 AND entry.5 = 2) AS error_count,
    quantilesExactIf(0.5, 0.95, 0.99)(entry.4, entry.1 >= 1) AS latency_ns,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd
FROM
(
    SELECT
        count() AS spans,
        maxIf((Entry, -toUnixTimestamp64Nano(Timestamp), SpanId, Duration, StatusCode), Entry >= 1) AS entry,
        sumOrNullIf(InputTokens, IsCall) AS input_tokens,
        sumOrNullIf(OutputTokens, IsCall) AS output_tokens,
        sumOrNullIf(Cost, IsCall) AS cost_usd
    FROM
    (
        SELECT
            TraceId,
            SpanId,
            Timestamp,
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
    GROUP BY TraceId
);

