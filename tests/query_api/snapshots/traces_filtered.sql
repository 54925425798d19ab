-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- before_ns = 1795237200000000002
-- before_span_id = '0000000000000000'
-- before_trace_id = '00000000000000000000000000000000'
-- f0 = 2
-- f1 = 1
-- f2 = 500.5
-- f3 = 'user.id'
-- f4 = 'u1'
-- f5 = 'n'
-- f6 = 2.0
-- f7 = 'support-%'
-- limit = 101
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- span_range_end_ns = 1795240800000000002
-- span_range_start_ns = 1795233600000000000
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
    AND (((StatusCode = {f0:Int8} OR StatusCode = {f1:Int8}) OR (Duration / 1000000 > {f2:Float64})) AND (SpanAttributes[{f3:String}] = {f4:String}) AND (NOT (ifNull(toFloat64OrNull(SpanAttributes[{f5:String}]) >= {f6:Float64}, 0))) AND (ModelId IN (SELECT Stream FROM entity_slots WHERE StreamType = 'model' AND Slot = 'created.name' GROUP BY Stream HAVING JSONExtractString(argMax(Value, Rank)) LIKE {f7:String}) OR ((ModelId LIKE {f7:String}) AND ModelId NOT IN (SELECT Stream FROM entity_slots WHERE StreamType = 'model' AND Slot = 'created.name'))) AND (TraceId IN (SELECT TraceId FROM spans WHERE Timestamp >= fromUnixTimestamp64Nano({span_range_start_ns:Int64}) AND Timestamp <= fromUnixTimestamp64Nano({span_range_end_ns:Int64}) AND (NOT (OutputTokens IS NULL)))))
GROUP BY TraceId
ORDER BY best.2, TraceId DESC, best.3 DESC
LIMIT {limit:UInt32};

