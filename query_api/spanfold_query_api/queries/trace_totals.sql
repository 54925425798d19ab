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
GROUP BY TraceId
