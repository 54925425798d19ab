-- Which monitors there are, newest first; deleted ones are not.
SELECT
    stream,
    created_unix_ns
FROM
(
    SELECT
        Stream AS stream,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'status')) AS status,
        argMaxIf(Value, Rank, Slot = 'deleted') != '' AS deleted,
        toInt64OrZero(argMaxIf(Value, Rank, Slot = 'created.time')) AS created_unix_ns
    FROM entity_slots
    WHERE StreamType = 'monitor'
        AND Slot IN ('created.time', 'status', 'deleted')
    GROUP BY Stream
)
WHERE (created_unix_ns, stream) < ({before_ns:Int64}, {before_stream:String})
    AND created_unix_ns > 0
    AND NOT deleted
    AND ({status:String} = '' OR status = {status:String})
ORDER BY created_unix_ns DESC, stream DESC
LIMIT {limit:UInt32}
