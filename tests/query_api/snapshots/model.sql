-- as_of_ns = 1795237200000000000
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

