-- How many traces have an entry span in the window that matches, and when the earliest of the newest of them starts.
SELECT
    count() AS trace_count,
    min(started_ns) AS earliest_ns
FROM
(
    SELECT argMax(toUnixTimestamp64Nano(Timestamp), (Entry, -toUnixTimestamp64Nano(Timestamp))) AS started_ns
    FROM spans
    WHERE Entry >= 1
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND $filter
    GROUP BY TraceId
    ORDER BY started_ns DESC
    LIMIT {limit:UInt32}
)
