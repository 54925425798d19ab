-- The best entry span of each trace of a range, in any order. Light columns only. Tokens and cost are those of
-- calls, each once (usage_by_trace.sql); where the order is of neither, nothing but entry spans is read.
SELECT TraceId, best, $rank AS rank
FROM
(
    SELECT
        TraceId,
        max((Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)) AS best,
        argMax(Duration, (Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)) AS latency_ns
    FROM spans
    WHERE Entry >= 1
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp <= fromUnixTimestamp64Nano({last_ns:Int64})
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND $filter
    GROUP BY TraceId
) AS entries
$usage
WHERE $after
ORDER BY rank DESC, TraceId DESC
LIMIT {limit:UInt32}
