-- The scores of some traces, newest first; one that an evaluation sent more than once is there once.
SELECT *
FROM
(
    SELECT
        TraceId,
        SpanId,
        toUnixTimestamp64Nano(Timestamp) AS time_unix_ns,
        EvaluationName AS name,
        ScoreValue AS value,
        ScoreLabel AS label,
        Explanation AS explanation,
        Source AS source,
        Scorer AS scorer,
        EvaluationId AS evaluation_id
    FROM evaluation_events
    WHERE TraceId IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))
        AND Error = ''
    ORDER BY Timestamp DESC
    LIMIT 1 BY TraceId, SpanId, EvaluationName, if(EvaluationId = '', toString(Timestamp), EvaluationId)
)
ORDER BY time_unix_ns DESC, name
LIMIT {limit:UInt32} BY TraceId
