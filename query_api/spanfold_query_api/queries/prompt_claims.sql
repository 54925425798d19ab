-- Who registered a prompt under one number: the first of them has it.
SELECT
    toString(EventId) AS event_id,
    Payload AS payload
FROM entity_events
WHERE StreamType = 'prompt'
    AND Stream = {name:String}
    AND EventType = 'spanfold.prompt.version_created'
    AND JSONExtractUInt(Payload, 'version') = {version:UInt32}
ORDER BY Timestamp, toString(EventId)
LIMIT 1 BY EventId
LIMIT {limit:UInt32}
