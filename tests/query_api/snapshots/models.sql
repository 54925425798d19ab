-- as_of_ns = 9223372036854775807
-- experiment_ids = []
-- include_deleted = False
-- limit = 11
-- name = 'support-1'
-- stream_type = 'model'
-- Which model versions there are: for each the winning write of the slots that the listing asks for, in one row.
-- One that tags tell of before its creation is known counts too, and one that only spans tell of: model_from_slots
-- (spanfold_schemas.fold) gives it the same name and time of creation.
SELECT
    stream,
    from_spans,
    updated_unix_ns,
    created_unix_ns AS sort0,
    stream AS sort1
FROM
(
    SELECT
        Stream AS stream,
        countIf(Slot != '') = 0 AS from_spans,
        coalesce(nullIf(JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.name')), ''), Stream) AS name,
        coalesce(nullIf(JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.experiment_id')), ''), '0') AS experiment_id,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.model_type')) AS model_type,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.source_run_id')) AS source_run_id,
        coalesce(nullIf(JSONExtractString(argMaxIf(Value, Rank, Slot = 'status')), ''), 'UNSPECIFIED') AS status,
        argMaxIf(Value, Rank, Slot = 'deleted') != '' AS deleted,
        toUnixTimestamp64Nano(if(from_spans, max(Timestamp), maxIf(Timestamp, Slot != ''))) AS updated_unix_ns,
        coalesce(toInt64OrNull(argMaxIf(Value, Rank, Slot = 'created.time')), updated_unix_ns) AS created_unix_ns
    FROM
    (
        SELECT Stream, Slot, Timestamp, Rank, Value
        FROM entity_slots
WHERE StreamType = {stream_type:String}
    AND (Stream = {name:String} OR Stream IN (SELECT Stream FROM entity_slots WHERE StreamType = {stream_type:String} AND Slot = 'created.name' AND Value = toJSONString({name:String})))
        UNION ALL
        SELECT ModelId, '', toDateTime64(min(Minute), 9), 0, ''
        FROM model_rollups
        WHERE ModelId != ''
            AND Minute <= fromUnixTimestamp64Nano({as_of_ns:Int64})
            AND ({name:String} = '' OR ModelId = {name:String})
        GROUP BY ModelId
    )
    GROUP BY Stream
)
WHERE ({name:String} = '' OR name = {name:String})
    AND ({include_deleted:Bool} OR NOT deleted)
    AND (empty({experiment_ids:Array(String)}) OR has({experiment_ids:Array(String)}, experiment_id))
    AND 1
    AND 1
ORDER BY sort0 DESC, sort1 DESC
LIMIT {limit:UInt32};

-- as_of_ns = 9223372036854775807
-- stream_type = 'model'
-- streams = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- The fold of spanfold_schemas.fold: of each slot the write that wins.
SELECT
    Stream AS stream,
    Slot AS slot,
    argMax(Value, Rank) AS value,
    toUnixTimestamp64Nano(argMax(Timestamp, Rank)) AS written_unix_ns
FROM entity_slots
WHERE StreamType = {stream_type:String}
    AND Stream IN {streams:Array(String)}
GROUP BY Stream, Slot;

