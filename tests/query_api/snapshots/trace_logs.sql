-- trace_id = '00000001abababababababab00000000'
SELECT
    toUnixTimestamp64Nano(min(Start)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(End)) AS last_unix_ns,
    count() AS part_count
FROM trace_ranges
WHERE TraceId = toFixedString(unhex({trace_id:String}), 16);

-- earliest_ns = 1795150800000000000
-- latest_ns = 1795323600000000000
-- limit = 6
-- text_chars = 10000
-- trace_id = '00000001abababababababab00000000'
-- The log records of a trace, earliest first; one that was sent twice is there once.
SELECT
    toUnixTimestamp64Nano(Timestamp) AS time_unix_ns,
    SpanId,
    SeverityText AS severity_text,
    SeverityNumber AS severity_number,
    EventName AS event_name,
    substringUTF8(Body, 1, {text_chars:UInt32}) AS body,
    mapApply((key, value) -> (key, substringUTF8(value, 1, {text_chars:UInt32})), LogAttributes) AS attributes,
    ServiceName AS service_name
FROM logs
WHERE TraceId = toFixedString(unhex({trace_id:String}), 16)
    AND Timestamp >= fromUnixTimestamp64Nano({earliest_ns:Int64})
    AND Timestamp <= fromUnixTimestamp64Nano({latest_ns:Int64})
ORDER BY Timestamp, SpanId, Body
LIMIT 1 BY Timestamp, SpanId, ServiceName, EventName, Body
LIMIT {limit:UInt32};

