-- limit = 50001
-- trace_id = '00000001abababababababab00000000'
WITH (
    SELECT (min(Start), max(End))
    FROM trace_ranges
    WHERE TraceId = toFixedString(unhex({trace_id:String}), 16)
) AS extent
SELECT
    SpanId,
    ParentSpanId,
    toUnixTimestamp64Nano(Timestamp) AS start_time_unix_ns,
    SpanName AS name,
    SpanKind AS kind,
    ServiceName AS service_name,
    ModelId AS model_id,
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
    ReasoningTokens AS reasoning_tokens,
    Cost AS cost_usd,
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
WHERE TraceId = toFixedString(unhex({trace_id:String}), 16)
    AND Timestamp >= extent.1
    AND Timestamp <= extent.2
ORDER BY Timestamp, SpanId
LIMIT 1 BY SpanId
LIMIT {limit:UInt32};

