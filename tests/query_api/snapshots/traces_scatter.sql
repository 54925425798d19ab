-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- end_ns = 1795237200000000002
-- f0 = 1
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- start_ns = 1795237200000000000
-- How many traces of a range match (a sketch's count, within half a percent, as in compare_traffic.sql), and how slow
-- their slowest entry spans are, slowest first.
SELECT
    uniqCombined64(TraceId) AS trace_count,
    arrayMap(faster -> -faster, groupArraySorted(400)(-toInt64(Duration))) AS slowest_ns
FROM spans
WHERE Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND ({model_id:String} = '' OR ModelId = {model_id:String})
    AND (Duration / 1000000 > {f0:Int64});

-- end_ns = 1795237200000000002
-- f0 = 1
-- max_hash = 18446744073709551615
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- points = 1500
-- slow_ns = 10000000
-- slowest = 100
-- start_ns = 1795237200000000000
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
        AND (Duration / 1000000 > {f0:Int64})
    GROUP BY TraceId
)
ORDER BY place > {slowest:UInt32}, cityHash64(TraceId)
LIMIT {points:UInt32};

