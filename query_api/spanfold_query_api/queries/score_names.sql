-- Answered from the first column of the sorting key.
SELECT DISTINCT toString(EvaluationName) AS name
FROM evaluation_events
WHERE EvaluationName != ''
ORDER BY name
LIMIT {max_keys:UInt32}
