-- limit = 50001
-- trace_ids = ['00000001abababababababab00000000']
WITH (
    SELECT (min(Start), max(End))
    FROM trace_ranges
    WHERE TraceId IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))
) AS extent
SELECT *
FROM
(
    SELECT
        TraceId,
        Entry,
        IsCall AS Call,
        SpanId,
        ParentSpanId,
        toUnixTimestamp64Nano(Timestamp) AS start_time_unix_ns,
        SpanName AS name,
        SpanKind AS kind,
        ServiceName AS service_name,
        ModelId AS model_id,
        CallerModelId AS caller_model_id,
        if(ExperimentId = '', '0', ExperimentId) AS experiment_id,
        RunId AS run_id,
        SpanType AS span_type,
        Duration AS duration_ns,
        StatusCode AS status_code,
        StatusMessage AS status_message,
        Operation AS operation,
        Provider AS provider,
        RequestModel AS request_model,
        ResponseModel AS response_model,
        InputTokens AS input_tokens,
        OutputTokens AS output_tokens,
        CachedInputTokens AS cached_input_tokens,
        CacheWriteInputTokens AS cache_write_input_tokens,
        ReasoningTokens AS reasoning_tokens,
        Cost AS cost_usd,
        PriceDate AS price_date,
        FinishReasons AS finish_reasons,
        ConversationId AS conversation_id,
        UserId AS user_id,
        Input AS input,
        Output AS output,
        SpanAttributes AS attributes,
        ResourceAttributes AS resource_attributes,
        ScopeName AS scope_name,
        ScopeVersion AS scope_version,
        ScopeAttributes AS scope_attributes,
        arrayMap(time -> toUnixTimestamp64Nano(time), `Events.Timestamp`) AS event_times,
        `Events.Name` AS event_names,
        `Events.Attributes` AS event_attributes,
        arrayMap(id -> lower(hex(id)), `Links.TraceId`) AS link_trace_ids,
        arrayMap(id -> lower(hex(id)), `Links.SpanId`) AS link_span_ids,
        `Links.Attributes` AS link_attributes
    FROM spans
    WHERE TraceId IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))
        AND Timestamp >= extent.1
        AND Timestamp <= extent.2
    LIMIT 1 BY TraceId, SpanId
)
ORDER BY start_time_unix_ns, SpanId
LIMIT {limit:UInt32} BY TraceId;

-- limit = 200
-- trace_ids = ['00000001abababababababab00000000']
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
LIMIT {limit:UInt32} BY TraceId;

