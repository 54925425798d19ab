-- Events that make model versions of those that the generator's spans name: 20 of one application, a day apart.
INSERT INTO entity_events (Stream, Timestamp, EventId, EventType, SchemaVersion, Payload, Actor, Source, Tenant, ReceivedAt)
SELECT
    concat('m-', lower(hex(sipHash128('model', toUInt32(number))))) AS Stream,
    fromUnixTimestamp64Nano(toInt64({first_ns:Int64} - (20 - number) * 86400000000000)) AS Timestamp,
    reinterpretAsUUID(sipHash128('event', number)) AS EventId,
    'spanfold.model.created' AS EventType,
    1 AS SchemaVersion,
    concat('{"name":"support-bot-v', toString(number + 1), '","experiment_id":"0","status":"READY","model_type":"agent",',
        '"params":{"top_k":"', toString(3 + number % 4), '","temperature":"0.2","llm":"', ['gpt-small', 'gpt-large'][number % 2 + 1], '"},',
        '"tags":{"team":"support"}}') AS Payload,
    'benchmark' AS Actor,
    'sdk' AS Source,
    'default' AS Tenant,
    toDateTime64(Timestamp, 3) AS ReceivedAt
FROM numbers(20)
