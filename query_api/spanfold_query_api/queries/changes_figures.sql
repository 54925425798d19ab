-- What some versions, and all traffic together (is_total), came to in a period and in the one before, from the counts by
-- the minute. All is that of no version, too; of experiments, that of their versions, where one that says none belongs
-- to '0'.
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
        AND (empty({experiment_ids:Array(String)}) OR ModelId IN
        (
            SELECT ModelId
            FROM (SELECT DISTINCT ModelId FROM model_rollups) AS seen
            LEFT JOIN
            (
                SELECT Stream, JSONExtractString(argMax(Value, Rank)) AS experiment_id
                FROM entity_slots
                WHERE StreamType = 'model'
                    AND Slot = 'created.experiment_id'
                GROUP BY Stream
            ) AS told ON told.Stream = seen.ModelId
            WHERE has({experiment_ids:Array(String)}, if(told.experiment_id = '', '0', told.experiment_id))
        ))
    GROUP BY model_id, is_current
)
GROUP BY GROUPING SETS ((model_id, is_current), (is_current))
HAVING is_total OR model_id IN {model_ids:Array(String)}
