-- The slowest traces of a range, and those whose ID hashes low: the same ones at each call. Each at the best of its
-- entry spans that match.
SELECT
    TraceId,
    best.1 AS start_time_unix_ns,
    best.2 AS duration_ns,
    best.3 = 2 AS failed
FROM
(
    SELECT
        TraceId,
        argMax((toUnixTimestamp64Nano(Timestamp), Duration, StatusCode), (Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)) AS best,
        row_number() OVER (ORDER BY best.2 DESC, TraceId) AS place
    FROM spans
    WHERE Entry >= 1
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND (cityHash64(TraceId) <= {max_hash:UInt64} OR Duration >= {slow_ns:UInt64})
        AND $filter
    GROUP BY TraceId
)
ORDER BY place > {slowest:UInt32}, cityHash64(TraceId)
LIMIT {points:UInt32}
