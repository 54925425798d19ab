-- Which prompts there are: for each the winning write of the slots that the listing asks for, in one row.
SELECT
    stream,
    false AS from_spans,
    updated_unix_ns,
    $sort
FROM
(
    SELECT
        Stream AS stream,
        argMaxIf(Value, Rank, Slot = 'deleted') != '' AS deleted,
        toUnixTimestamp64Nano(max(Timestamp)) AS updated_unix_ns,
        toInt64OrZero(argMaxIf(Value, Rank, Slot = 'created.time')) AS created_unix_ns$columns
    FROM $writes
        AND NOT startsWith(Slot, 'created.version')
    GROUP BY Stream
)
WHERE created_unix_ns > 0
    AND ({include_deleted:Bool} OR NOT deleted)
    AND $filter
    AND $after
ORDER BY $order
LIMIT {limit:UInt32}
