-- The last key of the next piece of an evaluation's scores, which come in the order of their keys.
SELECT
    name,
    trace_id,
    span_id
FROM
(
    SELECT EvaluationName AS name, hex(TraceId) AS trace_id, hex(SpanId) AS span_id
    FROM evaluation_scores
    WHERE EvaluationId = {evaluation_id:String}
        AND (EvaluationName, TraceId, SpanId) > ({after_name:String}, toFixedString(unhex({after_trace_id:String}), 16), toFixedString(unhex({after_span_id:String}), 8))
        AND ({name:String} = '' OR EvaluationName = {name:String})
    ORDER BY EvaluationName, TraceId, SpanId
    LIMIT {piece_rows:UInt32}
)
ORDER BY name DESC, trace_id DESC, span_id DESC
LIMIT 1
