-- before_ns = 9223372036854775807
-- before_stream = ''
-- limit = 101
-- Which experiments there are, newest first; the default one is older than all, and there without an event.
SELECT
    stream,
    created_unix_ns
FROM
(
    SELECT
        Stream AS stream,
        toInt64OrZero(argMaxIf(Value, Rank, Slot = 'created.time')) AS created_unix_ns
    FROM entity_slots
    WHERE StreamType = 'experiment'
        AND Stream != '0'
    GROUP BY Stream
    UNION ALL
    SELECT '0', 0
)
WHERE (created_unix_ns, stream) < ({before_ns:Int64}, {before_stream:String})
ORDER BY created_unix_ns DESC, stream DESC
LIMIT {limit:UInt32};

-- as_of_ns = 9223372036854775807
-- stream_type = 'experiment'
-- streams = ['0']
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

