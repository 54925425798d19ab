-- One piece of an evaluation's scores, (after, last]: each once, as it was given last.
SELECT $columns
FROM
(
    SELECT
        lower(hex(TraceId)) AS trace_id,
        lower(hex(SpanId)) AS span_id,
        toString(ModelId) AS model_id,
        toString(EvaluationName) AS name,
        ScoreValue AS value,
        nullIf(toString(ScoreLabel), '') AS label,
        nullIf(Explanation, '') AS explanation,
        nullIf(toString(Error), '') AS error,
        InputHash AS input_hash,
        CostUsd AS cost_usd,
        Calls AS calls,
        nullIf(toString(Scorer), '') AS scorer,
        nullIf(toString(Source), '') AS source,
        toUnixTimestamp64Nano(Timestamp) AS time_unix_ns
    FROM evaluation_scores FINAL
    WHERE EvaluationId = {evaluation_id:String}
        AND (EvaluationName, TraceId, SpanId) > ({after_name:String}, toFixedString(unhex({after_trace_id:String}), 16), toFixedString(unhex({after_span_id:String}), 8))
        AND (EvaluationName, TraceId, SpanId) <= ({last_name:String}, toFixedString(unhex({last_trace_id:String}), 16), toFixedString(unhex({last_span_id:String}), 8))
        AND ({name:String} = '' OR EvaluationName = {name:String})
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND Timestamp >= fromUnixTimestamp64Nano({since_ns:Int64})
    ORDER BY EvaluationName, TraceId, SpanId
)
