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
LIMIT 1 BY TraceId, SpanId
