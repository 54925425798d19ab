-- The state of now, as the engine's own merge of the writes leaves it: one row a slot.
SELECT
    Stream AS stream,
    Slot AS slot,
    Value AS value,
    Deleted AS deleted,
    toUnixTimestamp64Nano(Timestamp) AS written_unix_ns
FROM entity_slots FINAL
WHERE StreamType = {stream_type:String}
    AND Stream IN {streams:Array(String)}
