-- The scores of some traces, newest first.
SELECT
    TraceId,
    SpanId,
    toUnixTimestamp64Nano(Timestamp) AS time_unix_ns,
    EvaluationName AS name,
    ScoreValue AS value,
    ScoreLabel AS label,
    Explanation AS explanation
FROM evaluation_events
WHERE TraceId IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))
ORDER BY Timestamp DESC, EvaluationName
LIMIT {limit:UInt32} BY TraceId
