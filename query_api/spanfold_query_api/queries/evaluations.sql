-- Which evaluations there are, newest first: for each the winning write of the slots that the listing asks for.
SELECT
    stream,
    created_unix_ns
FROM
(
    SELECT
        Stream AS stream,
        coalesce(nullIf(JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.name')), ''), Stream) AS name,
        coalesce(nullIf(JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.experiment_id')), ''), '0') AS experiment_id,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.runner')) AS runner,
        JSONExtract(argMaxIf(Value, Rank, Slot = 'model_ids'), 'Array(String)') AS model_ids,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'status')) AS written_status,
        multiIf(
            written_status = '', 'UNSPECIFIED',
            written_status = 'RUNNING' AND argMaxIf(Value, Rank, Slot = 'cancel') != '', 'CANCELLING',
            written_status) AS status,
        coalesce(toInt64OrNull(argMaxIf(Value, Rank, Slot = 'created.time')), toUnixTimestamp64Nano(max(Timestamp))) AS created_unix_ns
    FROM entity_slots
    WHERE StreamType = 'evaluation'
        AND Slot IN ('created.name', 'created.experiment_id', 'created.runner', 'model_ids', 'created.time', 'status', 'cancel')
    GROUP BY Stream
)
WHERE (created_unix_ns, stream) < ({before_ns:Int64}, {before_stream:String})
    AND ({name:String} = '' OR name = {name:String})
    AND ({runner:String} = '' OR runner = {runner:String})
    AND ({model_id:String} = '' OR has(model_ids, {model_id:String}))
    AND (empty({statuses:Array(String)}) OR has({statuses:Array(String)}, status))
    AND (empty({experiment_ids:Array(String)}) OR has({experiment_ids:Array(String)}, experiment_id))
ORDER BY created_unix_ns DESC, stream DESC
LIMIT {limit:UInt32}
