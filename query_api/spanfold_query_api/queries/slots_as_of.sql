-- The fold of spanfold_schemas.fold over all writes up to an instant.
SELECT
    Stream AS stream,
    Slot AS slot,
    argMax(Value, Rank) AS value,
    argMax(Deleted, Rank) AS deleted,
    toUnixTimestamp64Nano(argMax(Timestamp, Rank)) AS written_unix_ns
FROM entity_slot_writes
WHERE StreamType = {stream_type:String}
    AND Stream IN {streams:Array(String)}
    AND Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64})
GROUP BY Stream, Slot
