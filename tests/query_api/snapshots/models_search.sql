-- as_of_ns = 1795237200000000000
-- experiment_ids = ['0']
-- f0 = 'params.k'
-- f1 = 'v'
-- f2 = 'metrics.f1'
-- f3 = 0.5
-- f4 = 'tags.team'
-- include_deleted = False
-- limit = 101
-- name = ''
-- stream_type = 'model'
-- Which model versions there are: for each the winning write of the slots that the listing asks for, in one row.
-- One that tags tell of before its creation is known counts too, and one that only spans tell of: model_from_slots
-- (spanfold_schemas.fold) gives it the same name and time of creation.
SELECT
    stream,
    from_spans,
    updated_unix_ns,
    toInt64(NOT (entry1 != '')) AS sort0,
    JSONExtractFloat(entry1) AS sort1,
    created_unix_ns AS sort2,
    stream AS sort3
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
        coalesce(toInt64OrNull(argMaxIf(Value, Rank, Slot = 'created.time')), updated_unix_ns) AS created_unix_ns,
        argMaxIf(Value, Rank, Slot = {f0:String}) AS entry0,
        argMaxIf(Value, Rank, Slot = {f2:String}) AS entry1,
        argMaxIf(Value, Rank, Slot = {f4:String}) AS entry2
    FROM
    (
        SELECT Stream, Slot, Timestamp, Rank, Value
        FROM entity_slot_writes
WHERE StreamType = {stream_type:String}
    AND Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64})
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
    AND (((entry0 != '' AND JSONExtractString(entry0) = {f1:String})) AND (((entry1 != '' AND JSONExtractFloat(entry1) > {f3:Float64})) OR (NOT (entry2 != ''))))
    AND 1
ORDER BY sort0 ASC, sort1 DESC, sort2 DESC, sort3 DESC
LIMIT {limit:UInt32};

