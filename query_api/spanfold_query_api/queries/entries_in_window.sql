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
    AND $filter
GROUP BY TraceId
ORDER BY best.2, TraceId DESC, best.3 DESC
LIMIT {limit:UInt32}
