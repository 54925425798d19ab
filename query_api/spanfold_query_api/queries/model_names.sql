SELECT
    Stream AS model_id,
    JSONExtractString(argMin(Value, (Timestamp, toString(EventId)))) AS name
FROM model_slots
WHERE Slot = 'created.name'
    AND Stream IN {model_ids:Array(String)}
GROUP BY Stream
