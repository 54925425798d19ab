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
    price_date String,
    prices Array(Tuple(key String, low Array(Float64), high Array(Float64), usd Array(Float64))),
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
    span_type AS SpanType,
    operation AS Operation,
    provider AS Provider,
    request_model AS RequestModel,
    response_model AS ResponseModel,
    input_tokens AS InputTokens,
    output_tokens AS OutputTokens,
    cached_tokens AS CachedInputTokens,
    written_tokens AS CacheWriteInputTokens,
    reasoning_tokens AS ReasoningTokens,
    -- What the application says comes first.
    ifNull(said_cost, usd) AS Cost,
    if(isNull(usd) OR isNotNull(said_cost), '', price_date) AS PriceDate,
    arrayMap(reason -> transform(reason, ['end_turn', 'stop_sequence', 'tool_calls', 'tool_use', 'function_call', 'max_tokens'], ['stop', 'stop', 'tool_call', 'tool_call', 'tool_call', 'length'], reason), arrayFlatten(arrayMap(text -> multiIf(length(text) > 3 AND startsWith(text, '["') AND endsWith(text, '"]'), splitByString('","', substring(text, 3, length(text) - 4)), text != '', [text], []), [finish_reasons]))) AS FinishReasons,
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
        *,
        -- What the call cost by the prices that came with its request, of which the last that applies counts; as in
        -- prices.py, step by step, so that the two decoders agree to the last bit. Not a number: not known.
        concat(provider, '\x1f', response_model, tier) AS response_key,
        if(has(tupleElement(prices, 'key'), response_key), response_key, concat(provider, '\x1f', request_model, tier)) AS price_key,
        [start_s, start_s % 86400, toFloat64(ifNull(input_tokens, 0))] AS facts,
        arrayLast(p -> tupleElement(p, 'key') = price_key AND arrayAll((fact, low, high) -> low <= fact AND fact < high, facts, tupleElement(p, 'low'), tupleElement(p, 'high')), prices) AS price,
        arraySum(arrayMap((count, usd) -> if(usd = 0, 0., ifNull(toFloat64(count), nan) * usd),
            [input_tokens, output_tokens, ifNull(cached_tokens, 0), ifNull(written_tokens, 0), ifNull(reasoning_tokens, 0), 1],
            arrayResize(tupleElement(price, 'usd'), 6, nan))) AS any_usd,
        arrayMap(usd -> if(usd >= 0 AND usd <= 1e12 AND span_type NOT IN ('AGENT', 'CHAIN', 'TOOL', 'WORKFLOW', 'TASK', 'REQUEST') AND ifNull(cached_tokens, 0) + ifNull(written_tokens, 0) <= ifNull(input_tokens, 0), usd, NULL), [any_usd])[1] AS usd
    FROM
    (
        SELECT
            received_time_unix_ms, tenant, price_date, prices, resource_attributes, resource_service, resource_model, scope_name, scope_version, scope_attributes, span, attributes,
            attributes['gen_ai.operation.name'] AS operation,
            upper(attributes['spanfold.span.type']) AS said_type,
            transform(firstNonDefault(said_type, operation),
                ['CHAT_MODEL', 'chat', 'text_completion', 'generate_content', 'embeddings', 'retrieval', 'execute_tool', 'invoke_agent', 'create_agent', 'invoke_workflow'],
                ['LLM', 'LLM', 'LLM', 'LLM', 'EMBEDDING', 'RETRIEVER', 'TOOL', 'AGENT', 'AGENT', 'CHAIN'], said_type) AS span_type,
            firstNonDefault(attributes['gen_ai.provider.name'], attributes['gen_ai.system']) AS provider,
            attributes['gen_ai.request.model'] AS request_model,
            attributes['gen_ai.response.model'] AS response_model,
            toUInt32OrNull(firstNonDefault(attributes['gen_ai.usage.input_tokens'], attributes['gen_ai.usage.prompt_tokens'])) AS input_tokens,
            toUInt32OrNull(firstNonDefault(attributes['gen_ai.usage.output_tokens'], attributes['gen_ai.usage.completion_tokens'])) AS output_tokens,
            toUInt32OrNull(attributes['gen_ai.usage.cache_read.input_tokens']) AS cached_tokens,
            toUInt32OrNull(firstNonDefault(attributes['gen_ai.usage.cache_creation.input_tokens'], attributes['gen_ai.usage.cache_write.input_tokens'])) AS written_tokens,
            toUInt32OrNull(firstNonDefault(attributes['gen_ai.usage.reasoning.output_tokens'], attributes['gen_ai.usage.reasoning_tokens'])) AS reasoning_tokens,
            concat('\x1f', attributes['openai.response.service_tier']) AS said_tier,
            if(said_tier IN ('\x1fauto', '\x1fdefault', '\x1fstandard'), '\x1f', said_tier) AS tier,
            toUInt32(intDiv(tupleElement(span, 'start_time_unix_nano'), 1000000000)) AS start_s,
            -- The last of each list is the default: of a key that is not there, the value is empty.
            multiIf(mapContains(attributes, 'gen_ai.input.messages'), 'gen_ai.input.messages', mapContains(attributes, 'spanfold.input'), 'spanfold.input', mapContains(attributes, 'mlflow.spanInputs'), 'mlflow.spanInputs', 'input.value') AS input_key,
            multiIf(mapContains(attributes, 'gen_ai.output.messages'), 'gen_ai.output.messages', mapContains(attributes, 'spanfold.output'), 'spanfold.output', mapContains(attributes, 'mlflow.spanOutputs'), 'mlflow.spanOutputs', 'output.value') AS output_key,
            firstNonDefault(attributes['gen_ai.response.finish_reasons'], attributes['anthropic.message.stop_reason']) AS finish_reasons,
            toFloat64OrNull(attributes['spanfold.cost.usd']) AS any_cost,
            -- One value that is not finite would make every later sum of its version unusable.
            arrayMap(usd -> if(usd >= 0 AND usd <= 1e12, usd, NULL), [any_cost])[1] AS said_cost
        FROM
        (
            SELECT
                received_time_unix_ms, tenant, price_date, prices, resource_attributes, resource_service, resource_model, scope_name, scope_version, scope_attributes, span,
                mapFromArrays(tupleElement(tupleElement(span, 'attributes'), 'key'), arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), tupleElement(span, 'attributes'))) AS attributes
            FROM
            (
                SELECT
                    received_time_unix_ms, tenant, price_date, prices, resource_attributes, resource_service, resource_model,
                    tupleElement(tupleElement(one_scope, 'scope'), 'name') AS scope_name,
                    tupleElement(tupleElement(one_scope, 'scope'), 'version') AS scope_version,
                    mapFromArrays(tupleElement(tupleElement(tupleElement(one_scope, 'scope'), 'attributes'), 'key'), arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), tupleElement(tupleElement(one_scope, 'scope'), 'attributes'))) AS scope_attributes,
                    tupleElement(one_scope, 'spans') AS spans
                FROM
                (
                    SELECT
                        received_time_unix_ms, tenant, price_date, prices,
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
        )
    )
);
