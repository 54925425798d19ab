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
            SELECT Timestamp, TraceId, SpanId, $size_bytes AS size_bytes
            FROM spans
            WHERE Timestamp >= fromUnixTimestamp64Nano({window_start_ns:Int64})
                AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64})
                AND (Timestamp, TraceId, SpanId) < (fromUnixTimestamp64Nano({before_ns:Int64}), toFixedString(unhex({before_trace_id:String}), 16), toFixedString(unhex({before_span_id:String}), 8))
                AND ({model_id:String} = '' OR ModelId = {model_id:String})
                AND $filter
            ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC
            LIMIT 1 BY Timestamp, TraceId, SpanId
            LIMIT {limit:UInt64}
        )
        WINDOW newest_first AS (ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    GROUP BY piece
)
ORDER BY lowest DESC
