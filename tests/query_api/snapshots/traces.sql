-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- before_ns = 1795237200000000002
-- before_span_id = '0000000000000000'
-- before_trace_id = '00000000000000000000000000000000'
-- limit = 2
-- model_id = ''
-- window_start_ns = 1795237200000000000
-- The best entry span of each trace that has one in the window: a root before an entry of one service,
-- then the earliest. Light columns only.
SELECT
    TraceId,
    max((Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)) AS best
FROM spans
WHERE Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({window_start_ns:Int64})
    AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64})
    AND (Timestamp, TraceId, SpanId) < (fromUnixTimestamp64Nano({before_ns:Int64}), toFixedString(unhex({before_trace_id:String}), 16), toFixedString(unhex({before_span_id:String}), 8))
    AND ({model_id:String} = '' OR ModelId = {model_id:String})
    AND 1
GROUP BY TraceId
ORDER BY best.2, TraceId DESC, best.3 DESC
LIMIT {limit:UInt32};

-- earliest_ns = 1795150800000000000
-- latest_ns = 1795323600000000001
-- model_id = ''
-- trace_ids = ['00000002abababababababab00000000', '00000001abababababababab00000000']
-- What all spans of some traces add up to, and which span is each trace's entry. Only calls count for tokens and
-- cost, as in model_rollups. Bounds on Start spare
-- the lookup most parts: trace IDs are random, so each part costs it as many reads as there are IDs.
WITH (
    SELECT (min(Start), max(End))
    FROM trace_ranges
    WHERE TraceId IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))
        AND Start >= fromUnixTimestamp64Nano({earliest_ns:Int64})
        AND Start <= fromUnixTimestamp64Nano({latest_ns:Int64})
) AS extent
SELECT
    TraceId,
    count() AS span_count,
    countIf(StatusCode = 2) AS error_count,
    sumOrNullIf(InputTokens, Call) AS input_tokens,
    sumOrNullIf(OutputTokens, Call) AS output_tokens,
    sumOrNullIf(Cost, Call) AS cost_usd,
    maxIf((Entry, -toUnixTimestamp64Nano(Timestamp), SpanId), Entry >= 1 AND ({model_id:String} = '' OR ModelId = {model_id:String})) AS best
FROM
(
    SELECT
        TraceId,
        SpanId,
        Timestamp,
        ModelId,
        Entry,
        StatusCode,
        InputTokens,
        OutputTokens,
        Cost,
        IsCall AS Call
    FROM spans
    WHERE TraceId IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))
        AND Timestamp >= greatest(extent.1, fromUnixTimestamp64Nano({earliest_ns:Int64}))
        AND Timestamp <= least(extent.2, fromUnixTimestamp64Nano({latest_ns:Int64}))
    ORDER BY Timestamp
    LIMIT 1 BY TraceId, SpanId
)
GROUP BY TraceId;

-- span_ids = ['0000000000010000']
-- start_times_unix_ns = [1795237200000000001]
-- tag_prefix = 'spanfold.tag.'
-- text_chars = 1000
-- trace_ids = ['00000002abababababababab00000000']
-- The wide columns of the spans of one page, found by their exact times.
SELECT
    TraceId,
    SpanId,
    toUnixTimestamp64Nano(Timestamp) AS start_time_unix_ns,
    SpanName AS name,
    ServiceName AS service_name,
    ModelId AS model_id,
    CallerModelId AS caller_model_id,
    if(ExperimentId = '', '0', ExperimentId) AS experiment_id,
    RunId AS run_id,
    ConversationId AS conversation_id,
    UserId AS user_id,
    mapFilter((key, value) -> startsWith(key, {tag_prefix:String}), SpanAttributes) AS tags,
    Duration AS duration_ns,
    StatusCode AS status_code,
    StatusMessage AS status_message,
    substringUTF8(Input, 1, {text_chars:UInt32}) AS input,
    substringUTF8(Output, 1, {text_chars:UInt32}) AS output
FROM spans
WHERE Timestamp IN (SELECT fromUnixTimestamp64Nano(arrayJoin({start_times_unix_ns:Array(Int64)})))
    AND TraceId IN (SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16))
    AND SpanId IN (SELECT toFixedString(unhex(arrayJoin({span_ids:Array(String)})), 8))
LIMIT 1 BY TraceId, SpanId;

-- model_ids = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
SELECT
    Stream AS model_id,
    JSONExtractString(argMax(Value, Rank)) AS name
FROM entity_slots
WHERE StreamType = 'model'
    AND Slot = 'created.name'
    AND Stream IN {model_ids:Array(String)}
GROUP BY Stream;

-- limit = 200
-- trace_ids = ['00000002abababababababab00000000']
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

