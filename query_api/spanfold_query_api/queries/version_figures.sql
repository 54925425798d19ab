-- What versions did in a period, in all (is_total) and by pieces of it, from the counts by the minute. Sketches of
-- latency are what costs: they are merged to one a piece first, and those to one in all.
SELECT
    model_id,
    grouping(start_unix_ns) = 1 AS is_total,
    start_unix_ns,
    sum(traces) AS trace_count,
    sum(errors) AS error_count,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(latency) AS latency_ns,
    sum(input) AS input_tokens,
    sum(output) AS output_tokens,
    sum(cost) AS cost_usd,
    toInt64(toUnixTimestamp(min(first))) * 1000000000 AS first_unix_ns,
    toInt64(toUnixTimestamp(max(last))) * 1000000000 AS last_unix_ns
FROM
(
    SELECT
        ModelId AS model_id,
        intDiv(toInt64(toUnixTimestamp(Minute)) * 1000000000, {bucket_ns:Int64}) * {bucket_ns:Int64} AS start_unix_ns,
        sum(TraceCount) AS traces,
        sum(ErrorCount) AS errors,
        quantilesTDigestMergeState(0.5, 0.95, 0.99)(Latency) AS latency,
        sum(InputTokens) AS input,
        sum(OutputTokens) AS output,
        sum(Cost) AS cost,
        min(Minute) AS first,
        max(Minute) AS last
    FROM model_rollups
    WHERE ModelId IN {model_ids:Array(String)}
        AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
        AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
    GROUP BY model_id, start_unix_ns
)
GROUP BY GROUPING SETS ((model_id, start_unix_ns), (model_id))
ORDER BY model_id, is_total, start_unix_ns
