-- What some versions, and all traffic together (is_total), came to in a period and in the one before, from the counts by
-- the minute. All is that of no version, too. The traces of all traffic are counted elsewhere: here, one counts in each
-- version that it enters.
SELECT
    model_id,
    grouping(model_id) = 1 AS is_total,
    is_current,
    sum(traces) AS trace_count,
    sum(errors) AS error_count,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(latency) AS latency_ns,
    sum(input) AS input_tokens,
    sum(output) AS output_tokens,
    sum(cost) AS cost_usd
FROM
(
    SELECT
        ModelId AS model_id,
        Minute >= fromUnixTimestamp64Nano({current_ns:Int64}) AS is_current,
        sum(TraceCount) AS traces,
        sum(ErrorCount) AS errors,
        quantilesTDigestMergeState(0.5, 0.95, 0.99)(Latency) AS latency,
        sum(InputTokens) AS input,
        sum(OutputTokens) AS output,
        sum(Cost) AS cost
    FROM model_rollups
    WHERE Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
        AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
        AND $of_experiments
    GROUP BY model_id, is_current
)
GROUP BY GROUPING SETS ((model_id, is_current), (is_current))
HAVING is_total OR model_id IN {model_ids:Array(String)}
