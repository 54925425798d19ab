-- The landing table is OTLP's TracesData (otlp.proto); the view turns it into rows of spans. Nothing is stored
-- in the landing table. An attribute's value is the first of its typed elements that is set.
--
-- Written for the cost of its analysis, which each insert pays anew. tupleElement(span, 'name') costs less than
-- half of span.name, for which the engine lists every element of the type; one tuple a level less than a third of
-- a column an element; and what belongs to a resource is found once, before its spans are unfolded.

CREATE TABLE otlp_traces (
    received_time_unix_ms Int64,
    tenant String,
    service_version_as_model Bool,
    resource_spans Array(Tuple(
        resource Tuple(attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String))))))),
        scope_spans Array(Tuple(
            scope Tuple(
                name String,
                version String,
                attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String))))))),
            spans Array(Tuple(
                trace_id FixedString(16),
                span_id FixedString(8),
                trace_state String,
                parent_span_id FixedString(8),
                name String,
                kind Int8,
                start_time_unix_nano Int64,
                end_time_unix_nano UInt64,
                attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String)))))),
                events Array(Tuple(
                    time_unix_nano Int64,
                    name String,
                    attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String)))))))),
                links Array(Tuple(
                    trace_id FixedString(16),
                    span_id FixedString(8),
                    trace_state String,
                    attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String)))))))),
                status Tuple(message String, code Int8),
                flags UInt32))))))
) ENGINE = Null;

CREATE MATERIALIZED VIEW spans_from_otlp TO spans AS
SELECT
    fromUnixTimestamp64Nano(tupleElement(span, 'start_time_unix_nano')) AS Timestamp,
    tupleElement(span, 'trace_id') AS TraceId,
    tupleElement(span, 'span_id') AS SpanId,
    tupleElement(span, 'parent_span_id') AS ParentSpanId,
    tupleElement(span, 'trace_state') AS TraceState,
    tupleElement(span, 'name') AS SpanName,
    tupleElement(span, 'kind') AS SpanKind,
    resource_service AS ServiceName,
    firstNonDefault(attributes['spanfold.model.id'], attributes['mlflow.modelId'], resource_model) AS ModelId,
    attributes['spanfold.caller.model.id'] AS CallerModelId,
    attributes['spanfold.run.id'] AS RunId,
    attributes['spanfold.experiment.id'] AS ExperimentId,
    multiIf(empty(ParentSpanId), 2, bitAnd(tupleElement(span, 'flags'), 768) = 768, 1, 0) AS Entry,
    if(tupleElement(span, 'end_time_unix_nano') > tupleElement(span, 'start_time_unix_nano'), tupleElement(span, 'end_time_unix_nano') - tupleElement(span, 'start_time_unix_nano'), 0) AS Duration,
    tupleElement(tupleElement(span, 'status'), 'code') AS StatusCode,
    tupleElement(tupleElement(span, 'status'), 'message') AS StatusMessage,
    transform(firstNonDefault(upper(attributes['spanfold.span.type']), attributes['gen_ai.operation.name']),
        ['CHAT_MODEL', 'chat', 'text_completion', 'generate_content', 'embeddings', 'retrieval', 'execute_tool', 'invoke_agent', 'create_agent', 'invoke_workflow'],
        ['LLM', 'LLM', 'LLM', 'LLM', 'EMBEDDING', 'RETRIEVER', 'TOOL', 'AGENT', 'AGENT', 'CHAIN'],
        upper(attributes['spanfold.span.type'])) AS SpanType,
    attributes['gen_ai.operation.name'] AS Operation,
    firstNonDefault(attributes['gen_ai.provider.name'], attributes['gen_ai.system']) AS Provider,
    attributes['gen_ai.request.model'] AS RequestModel,
    attributes['gen_ai.response.model'] AS ResponseModel,
    toUInt64OrNull(firstNonDefault(attributes['gen_ai.usage.input_tokens'], attributes['gen_ai.usage.prompt_tokens'])) AS InputTokens,
    toUInt64OrNull(firstNonDefault(attributes['gen_ai.usage.output_tokens'], attributes['gen_ai.usage.completion_tokens'])) AS OutputTokens,
    toUInt64OrNull(attributes['gen_ai.usage.cache_read.input_tokens']) AS CachedInputTokens,
    toUInt64OrNull(firstNonDefault(attributes['gen_ai.usage.cache_creation.input_tokens'], attributes['gen_ai.usage.cache_write.input_tokens'])) AS CacheWriteInputTokens,
    toUInt64OrNull(firstNonDefault(attributes['gen_ai.usage.reasoning.output_tokens'], attributes['gen_ai.usage.reasoning_tokens'])) AS ReasoningTokens,
    -- One value that is not finite would make every later sum of its version unusable.
    if(said_cost >= 0 AND said_cost <= 1e12, said_cost, NULL) AS Cost,
    '' AS PriceDate,
    arrayMap(reason -> transform(reason, ['end_turn', 'stop_sequence', 'tool_calls', 'tool_use', 'function_call', 'max_tokens'], ['stop', 'stop', 'tool_call', 'tool_call', 'tool_call', 'length'], reason),
        multiIf(length(finish_reasons) > 3 AND startsWith(finish_reasons, '["') AND endsWith(finish_reasons, '"]'), splitByString('","', substring(finish_reasons, 3, length(finish_reasons) - 4)), finish_reasons != '', [finish_reasons], [])) AS FinishReasons,
    firstNonDefault(attributes['gen_ai.conversation.id'], attributes['session.id']) AS ConversationId,
    firstNonDefault(attributes['user.id'], attributes['enduser.id']) AS UserId,
    attributes[input_key] AS Input,
    attributes[output_key] AS Output,
    mapFilter((k, v) -> k != input_key AND k != output_key, attributes) AS SpanAttributes,
    resource_attributes AS ResourceAttributes,
    scope_name AS ScopeName,
    scope_version AS ScopeVersion,
    scope_attributes AS ScopeAttributes,
    arrayMap(t -> fromUnixTimestamp64Nano(t), tupleElement(tupleElement(span, 'events'), 'time_unix_nano')) AS `Events.Timestamp`,
    tupleElement(tupleElement(span, 'events'), 'name') AS `Events.Name`,
    arrayMap(item -> mapFromArrays(item.key, arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), item)), tupleElement(tupleElement(span, 'events'), 'attributes')) AS `Events.Attributes`,
    tupleElement(tupleElement(span, 'links'), 'trace_id') AS `Links.TraceId`,
    tupleElement(tupleElement(span, 'links'), 'span_id') AS `Links.SpanId`,
    tupleElement(tupleElement(span, 'links'), 'trace_state') AS `Links.TraceState`,
    arrayMap(item -> mapFromArrays(item.key, arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), item)), tupleElement(tupleElement(span, 'links'), 'attributes')) AS `Links.Attributes`,
    tenant AS Tenant,
    fromUnixTimestamp64Milli(received_time_unix_ms) AS ReceivedAt
FROM
(
    SELECT
        received_time_unix_ms, tenant, resource_attributes, resource_service, resource_model, scope_name, scope_version, scope_attributes, span,
        mapFromArrays(tupleElement(tupleElement(span, 'attributes'), 'key'), arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), tupleElement(span, 'attributes'))) AS attributes,
        -- The last of each list is the default: of a key that is not there, the value is empty.
        multiIf(mapContains(attributes, 'gen_ai.input.messages'), 'gen_ai.input.messages', mapContains(attributes, 'spanfold.input'), 'spanfold.input', mapContains(attributes, 'mlflow.spanInputs'), 'mlflow.spanInputs', 'input.value') AS input_key,
        multiIf(mapContains(attributes, 'gen_ai.output.messages'), 'gen_ai.output.messages', mapContains(attributes, 'spanfold.output'), 'spanfold.output', mapContains(attributes, 'mlflow.spanOutputs'), 'mlflow.spanOutputs', 'output.value') AS output_key,
        firstNonDefault(attributes['gen_ai.response.finish_reasons'], attributes['anthropic.message.stop_reason']) AS finish_reasons,
        toFloat64OrNull(attributes['spanfold.cost.usd']) AS said_cost
    FROM
    (
        SELECT
            received_time_unix_ms, tenant, resource_attributes, resource_service, resource_model,
            tupleElement(tupleElement(one_scope, 'scope'), 'name') AS scope_name,
            tupleElement(tupleElement(one_scope, 'scope'), 'version') AS scope_version,
            mapFromArrays(tupleElement(tupleElement(tupleElement(one_scope, 'scope'), 'attributes'), 'key'), arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), tupleElement(tupleElement(one_scope, 'scope'), 'attributes'))) AS scope_attributes,
            tupleElement(one_scope, 'spans') AS spans
        FROM
        (
            SELECT
                received_time_unix_ms, tenant,
                mapFromArrays(tupleElement(tupleElement(tupleElement(one_resource, 'resource'), 'attributes'), 'key'), arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), tupleElement(tupleElement(one_resource, 'resource'), 'attributes'))) AS resource_attributes,
                resource_attributes['service.name'] AS resource_service,
                firstNonDefault(resource_attributes['spanfold.model.id'], resource_attributes['mlflow.modelId'], if(service_version_as_model AND resource_service != '' AND resource_attributes['service.version'] != '', resource_service || '@' || resource_attributes['service.version'], '')) AS resource_model,
                tupleElement(one_resource, 'scope_spans') AS scopes
            FROM otlp_traces
            ARRAY JOIN resource_spans AS one_resource
        )
        ARRAY JOIN scopes AS one_scope
    )
    ARRAY JOIN spans AS span
);
