-- Which models there are, newest first. One that tags or spans tell of before its creation is known counts too:
-- state_from_slots (spanfold_schemas.fold) gives it the same name and time of creation.
SELECT
    model_id,
    created_unix_ns,
    from_spans
FROM
(
    SELECT
        Stream AS model_id,
        if(countIf(Slot = 'created.time') > 0,
            toInt64OrZero(argMaxIf(Value, Rank, Slot = 'created.time')),
            toUnixTimestamp64Nano(max(Timestamp))) AS created_unix_ns,
        if(countIf(Slot = 'created.name') > 0,
            JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.name')),
            Stream) AS name,
        0 AS from_spans
    FROM entity_slot_writes
    WHERE StreamType = 'model' AND Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64})
    GROUP BY Stream
    UNION ALL
    SELECT
        ModelId AS model_id,
        toInt64(toUnixTimestamp(min(Minute))) * 1000000000 AS created_unix_ns,
        ModelId AS name,
        1 AS from_spans
    FROM model_rollups
    WHERE ModelId != ''
        AND Minute <= fromUnixTimestamp64Nano({as_of_ns:Int64})
        AND ModelId NOT IN (SELECT Stream FROM entity_slot_writes WHERE StreamType = 'model' AND Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64}))
    GROUP BY ModelId
)
WHERE ({name:String} = '' OR name = {name:String})
    AND (created_unix_ns, model_id) < ({before_ns:Int64}, {before_model_id:String})
ORDER BY created_unix_ns DESC, model_id DESC
LIMIT {limit:UInt32}
