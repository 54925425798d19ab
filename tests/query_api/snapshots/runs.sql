-- as_of_ns = 9223372036854775807
-- experiment_ids = []
-- f0 = 'ann'
-- include_deleted = True
-- limit = 101
-- name = ''
-- stream_type = 'run'
-- Which runs there are: for each the winning write of the slots that the listing asks for, in one row.
SELECT
    stream,
    false AS from_spans,
    updated_unix_ns,
    created_unix_ns AS sort0,
    stream AS sort1
FROM
(
    SELECT
        Stream AS stream,
        coalesce(nullIf(JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.run_name')), ''), Stream) AS run_name,
        coalesce(nullIf(JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.experiment_id')), ''), '0') AS experiment_id,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.parent_run_id')) AS parent_run_id,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.user')) AS user,
        coalesce(nullIf(JSONExtractString(argMaxIf(Value, Rank, Slot = 'status')), ''), 'UNSPECIFIED') AS status,
        toUnixTimestamp64Nano(max(Timestamp)) AS updated_unix_ns,
        coalesce(toInt64OrNull(argMaxIf(Value, Rank, Slot = 'created.time')), updated_unix_ns) AS created_unix_ns,
        toInt64OrNull(argMaxIf(Value, Rank, Slot = 'ended')) AS ended_unix_ns
    FROM entity_slots
WHERE StreamType = {stream_type:String}
    GROUP BY Stream
)
WHERE (empty({experiment_ids:Array(String)}) OR has({experiment_ids:Array(String)}, experiment_id))
    AND ((intDiv(ended_unix_ns, 1000000) IS NULL) AND (user = {f0:String}))
    AND 1
ORDER BY sort0 DESC, sort1 DESC
LIMIT {limit:UInt32};

