-- The fold of prompts as slots.sql has it, but templates are read of those versions only that are asked for.
SELECT
    Stream AS stream,
    Slot AS slot,
    argMax(Value, Rank) AS value,
    toUnixTimestamp64Nano(argMax(Timestamp, Rank)) AS written_unix_ns
FROM $writes
    AND Stream IN {streams:Array(String)}
    AND (NOT startsWith(Slot, 'created.versions.') OR Slot IN {templates:Array(String)})
GROUP BY Stream, Slot
