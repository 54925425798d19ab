-- The fold of spanfold_schemas.fold: of each slot the write that wins.
SELECT
    Stream AS stream,
    Slot AS slot,
    argMax(Value, Rank) AS value,
    toUnixTimestamp64Nano(argMax(Timestamp, Rank)) AS written_unix_ns
FROM $writes
    AND Stream IN {streams:Array(String)}
GROUP BY Stream, Slot
