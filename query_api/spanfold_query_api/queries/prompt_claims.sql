-- Who registered a prompt under one number: the first of them has it.
SELECT
    toString(EventId) AS event_id,
    toUnixTimestamp64Nano(Timestamp) AS event_time_unix_ns,
    Payload AS payload
FROM entity_events
WHERE StreamType = 'prompt'
    AND Stream = {name:String}
    AND EventType = 'spanfold.prompt.version_created'
    AND JSONExtractUInt(Payload, 'version') = {version:UInt32}
ORDER BY Timestamp, EventId
LIMIT 1 BY EventId
LIMIT {limit:UInt32}
