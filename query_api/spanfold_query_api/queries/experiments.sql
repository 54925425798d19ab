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
LIMIT {limit:UInt32}
