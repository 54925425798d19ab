SELECT
    Stream AS model_id,
    JSONExtractString(argMax(Value, Rank)) AS name
FROM entity_slots
WHERE StreamType = 'model'
    AND Slot = 'created.name'
    AND Stream IN {model_ids:Array(String)}
GROUP BY Stream
