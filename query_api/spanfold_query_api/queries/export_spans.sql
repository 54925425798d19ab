-- One piece of an export: spans of [lowest, before), newest first, each once.
SELECT $columns
FROM
(
    SELECT
        lower(hex(TraceId)) AS trace_id,
        lower(hex(SpanId)) AS span_id,
        if(ParentSpanId = toFixedString('', 8), NULL, lower(hex(ParentSpanId))) AS parent_span_id,
        SpanName AS name,
        transform(SpanKind, [1, 2, 3, 4, 5], ['INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'], 'UNSPECIFIED') AS kind,
        SpanType AS span_type,
        ServiceName AS service_name,
        ModelId AS model_id,
        CallerModelId AS caller_model_id,
        if(ExperimentId = '', '0', ExperimentId) AS experiment_id,
        RunId AS run_id,
        transform(StatusCode, [1, 2], ['OK', 'ERROR'], 'UNSET') AS status,
        StatusMessage AS status_message,
        Timestamp AS start_time,
        Duration AS duration_ns,
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
        nullIf(Input, '') AS input,
        nullIf(Output, '') AS output,
        SpanAttributes AS attributes,
        ResourceAttributes AS resource_attributes,
        ScopeName AS scope_name,
        ScopeVersion AS scope_version,
        ScopeAttributes AS scope_attributes,
        arrayMap((time, name, attributes) -> CAST((name, time, attributes), 'Tuple(name String, time DateTime64(9, \'UTC\'), attributes Map(String, String))'), `Events.Timestamp`, `Events.Name`, `Events.Attributes`) AS events,
        arrayMap((trace, span, attributes) -> CAST((lower(hex(trace)), lower(hex(span)), attributes), 'Tuple(trace_id String, span_id String, attributes Map(String, String))'), `Links.TraceId`, `Links.SpanId`, `Links.Attributes`) AS links
    FROM spans
    WHERE Timestamp >= fromUnixTimestamp64Nano({lowest_ns:Int64})
        AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64})
        AND (Timestamp, TraceId, SpanId) >= (fromUnixTimestamp64Nano({lowest_ns:Int64}), toFixedString(unhex({lowest_trace_id:String}), 16), toFixedString(unhex({lowest_span_id:String}), 8))
        AND (Timestamp, TraceId, SpanId) < (fromUnixTimestamp64Nano({before_ns:Int64}), toFixedString(unhex({before_trace_id:String}), 16), toFixedString(unhex({before_span_id:String}), 8))
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND $filter
    LIMIT 1 BY TraceId, SpanId
)
ORDER BY start_time DESC, trace_id DESC, span_id DESC
