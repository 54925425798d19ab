SELECT
    Stream AS model_id,
    JSONExtractString(Value) AS name
FROM entity_slots FINAL
WHERE StreamType = 'model'
    AND Slot = 'created.name'
    AND Stream IN {model_ids:Array(String)}
