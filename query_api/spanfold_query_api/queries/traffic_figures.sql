-- What all traffic came to in a period, that of no version included, or that of some experiments' versions; a version
-- that says none belongs to '0'. From the counts by the minute: the first and the last minute count in full.
SELECT
    sum(TraceCount) AS trace_count,
    sum(ErrorCount) AS error_count,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(Latency) AS latency_ns,
    sum(InputTokens) AS input_tokens,
    sum(OutputTokens) AS output_tokens,
    sum(Cost) AS cost_usd
FROM model_rollups
WHERE Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
    AND (empty({experiment_ids:Array(String)}) OR ModelId IN
    (
        SELECT ModelId
        FROM (SELECT DISTINCT ModelId FROM model_rollups) AS served
        LEFT JOIN
        (
            SELECT Stream, JSONExtractString(argMax(Value, Rank)) AS experiment_id
            FROM entity_slots
            WHERE StreamType = 'model'
                AND Slot = 'created.experiment_id'
            GROUP BY Stream
        ) AS told ON told.Stream = ModelId
        WHERE has({experiment_ids:Array(String)}, if(told.experiment_id = '', '0', told.experiment_id))
    ))
