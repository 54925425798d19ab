-- Put where traffic of experiments is meant: that of their versions. A version that says none, and no version, belong to '0'.
(
    empty({experiment_ids:Array(String)})
    OR ModelId IN
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
    )
)
