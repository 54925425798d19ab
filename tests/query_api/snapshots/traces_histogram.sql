-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- bucket_ns = 10000000
-- end_ns = 1795237200000000002
-- f0 = 1
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- start_ns = 1795237200000000000
-- The traces of a range by time, each once, at the best of its entry spans that match.
SELECT
    intDiv(started_ns, {bucket_ns:Int64}) AS bucket,
    countIf(status_code != 2) AS ok_count,
    countIf(status_code = 2) AS error_count,
    quantilesExact(0.5, 0.95)(duration_ns) AS latency_ns
FROM
(
    SELECT
        argMax(toUnixTimestamp64Nano(Timestamp), rank) AS started_ns,
        argMax(Duration, rank) AS duration_ns,
        argMax(StatusCode, rank) AS status_code
    FROM
    (
        SELECT
            TraceId,
            Timestamp,
            Duration,
            StatusCode,
            bitShiftLeft(toInt128(Entry), 64) - toUnixTimestamp64Nano(Timestamp) AS rank
        FROM spans
        WHERE Entry >= 1
            AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
            AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            AND ({model_id:String} = '' OR ModelId = {model_id:String})
            AND (Duration / 1000000 > {f0:Int64})
    )
    GROUP BY TraceId
)
GROUP BY bucket
ORDER BY bucket;

