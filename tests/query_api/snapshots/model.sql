-- as_of_ns = 1795237200000000000
-- stream_type = 'model'
-- streams = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- The fold of spanfold_schemas.fold: of each slot the write that wins.
SELECT
    Stream AS stream,
    Slot AS slot,
    argMax(Value, Rank) AS value,
    toUnixTimestamp64Nano(argMax(Timestamp, Rank)) AS written_unix_ns
FROM entity_slot_writes
WHERE StreamType = {stream_type:String}
    AND Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64})
    AND Stream IN {streams:Array(String)}
GROUP BY Stream, Slot;

