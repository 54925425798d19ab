-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- before_ns = 1795237200000000002
-- before_span_id = '0000000000000000'
-- before_trace_id = '00000000000000000000000000000000'
-- limit = 160000
-- model_id = ''
-- piece_bytes = 16777216
-- piece_rows = 20000
-- window_start_ns = 1795237200000000000
-- Cuts the newest rows of a window into pieces of bounded rows and bytes: the lowest key of each, newest piece
-- first. Light columns and sizes only; a span that was sent twice has one key.
SELECT
    toUnixTimestamp64Nano(lowest.1) AS unix_ns,
    lowest.2 AS trace_id,
    lowest.3 AS span_id,
    row_count
FROM
(
    SELECT
        min((Timestamp, TraceId, SpanId)) AS lowest,
        count() AS row_count
    FROM
    (
        SELECT
            Timestamp,
            TraceId,
            SpanId,
            intDiv(sum(size_bytes) OVER newest_first, {piece_bytes:UInt64}) + intDiv(row_number() OVER newest_first - 1, {piece_rows:UInt64}) AS piece
        FROM
        (
            SELECT Timestamp, TraceId, SpanId, toUInt64(length(StatusMessage) + length(Input) + length(Output) + byteSize(SpanAttributes) + byteSize(ResourceAttributes) + byteSize(ScopeAttributes) + byteSize(`Events.Name`, `Events.Attributes`) + byteSize(`Links.Attributes`)) AS size_bytes
            FROM spans
            WHERE Timestamp >= fromUnixTimestamp64Nano({window_start_ns:Int64})
                AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64})
                AND (Timestamp, TraceId, SpanId) < (fromUnixTimestamp64Nano({before_ns:Int64}), toFixedString(unhex({before_trace_id:String}), 16), toFixedString(unhex({before_span_id:String}), 8))
                AND ({model_id:String} = '' OR ModelId = {model_id:String})
                AND 1
            ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC
            LIMIT 1 BY Timestamp, TraceId, SpanId
            LIMIT {limit:UInt64}
        )
        WINDOW newest_first AS (ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    GROUP BY piece
)
ORDER BY lowest DESC;

-- before_ns = 1795237200000000002
-- before_span_id = '0000000000000000'
-- before_trace_id = '00000000000000000000000000000000'
-- lowest_ns = 1795237200000000000
-- lowest_span_id = '0000000000010000'
-- lowest_trace_id = '00000001abababababababab00000000'
-- model_id = ''
-- One piece of an export: spans of [lowest, before), newest first, each once.
SELECT trace_id, span_id, parent_span_id, name, kind, span_type, service_name, model_id, caller_model_id, experiment_id, run_id, status, status_message, start_time, duration_ns, operation, provider, request_model, response_model, input_tokens, output_tokens, cached_input_tokens, cache_write_input_tokens, reasoning_tokens, cost_usd, price_date, finish_reasons, conversation_id, user_id, input, output, attributes, resource_attributes, scope_name, scope_version, scope_attributes, events, links
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
        AND 1
    LIMIT 1 BY TraceId, SpanId
)
ORDER BY start_time DESC, trace_id DESC, span_id DESC;

