-- after_event_id = ''
-- after_ns = 0
-- limit = 101
-- stream = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- stream_type = 'model'
SELECT
    toString(EventId) AS event_id,
    EventType AS event_type,
    toUnixTimestamp64Nano(Timestamp) AS event_time_unix_ns,
    SchemaVersion AS schema_version,
    Payload AS payload,
    Actor AS actor,
    Source AS source
FROM entity_events
WHERE StreamType = {stream_type:String}
    AND Stream = {stream:String}
    AND Timestamp >= fromUnixTimestamp64Nano({after_ns:Int64})
    AND (Timestamp, toString(EventId)) > (fromUnixTimestamp64Nano({after_ns:Int64}), {after_event_id:String})
ORDER BY Timestamp, toString(EventId)
LIMIT 1 BY Timestamp, EventId
LIMIT {limit:UInt32};

