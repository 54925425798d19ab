-- Whether more is better, by metric, as those who evaluated said it last.
SELECT
    name,
    argMax(said, Timestamp) AS direction
FROM
(
    SELECT
        splitByChar('/', JSONExtractString(metric, 'key'))[1] AS name,
        JSONExtractRaw(metric, 'greater_is_better') AS said,
        Timestamp
    FROM entity_slots
    ARRAY JOIN JSONExtractArrayRaw(Value) AS metric
    WHERE (StreamType = 'evaluation' AND Slot = 'created.metrics')
        OR (StreamType = 'monitor' AND Slot = 'metrics')
)
WHERE name IN {names:Array(String)}
    AND said IN ('true', 'false')
GROUP BY name
