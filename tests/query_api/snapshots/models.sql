-- as_of_ns = 9223372036854775807
-- before_model_id = ''
-- before_ns = 9223372036854775807
-- limit = 11
-- name = 'support-1'
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
            toInt64OrZero(argMinIf(Value, (Timestamp, toString(EventId)), Slot = 'created.time')),
            toUnixTimestamp64Nano(max(Timestamp))) AS created_unix_ns,
        if(countIf(Slot = 'created.name') > 0,
            JSONExtractString(argMinIf(Value, (Timestamp, toString(EventId)), Slot = 'created.name')),
            Stream) AS name,
        0 AS from_spans
    FROM model_slots
    WHERE Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64})
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
        AND ModelId NOT IN (SELECT Stream FROM model_slots WHERE Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64}))
    GROUP BY ModelId
)
WHERE ({name:String} = '' OR name = {name:String})
    AND (created_unix_ns, model_id) < ({before_ns:Int64}, {before_model_id:String})
ORDER BY created_unix_ns DESC, model_id DESC
LIMIT {limit:UInt32};

-- as_of_ns = 9223372036854775807
-- model_ids = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- The fold of spanfold_schemas.fold in SQL: the last writer of each slot, the first one of what creation wrote.
SELECT
    Stream AS model_id,
    Slot AS slot,
    if(startsWith(Slot, 'created.'),
        argMin((Value, Deleted), (Timestamp, toString(EventId))),
        argMax((Value, Deleted), (Timestamp, toString(EventId)))) AS written,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_updated_unix_ns
FROM model_slots
WHERE Stream IN {model_ids:Array(String)}
    AND Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64})
GROUP BY Stream, Slot;

