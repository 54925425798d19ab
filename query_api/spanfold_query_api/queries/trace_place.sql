-- The entry span of a trace, or the span that is named, and the version that made it.
WITH
(
    SELECT (min(Start), max(End))
    FROM trace_ranges
    WHERE TraceId = toFixedString(unhex({trace_id:String}), 16)
) AS extent
SELECT
    lower(hex(SpanId)) AS span_id,
    toString(ModelId) AS model_id
FROM spans
WHERE TraceId = toFixedString(unhex({trace_id:String}), 16)
    AND Timestamp >= extent.1
    AND Timestamp <= extent.2
    AND ({span_id:String} = '' OR SpanId = toFixedString(unhex({span_id:String}), 8))
ORDER BY Entry DESC, Timestamp, SpanId DESC
LIMIT 1
