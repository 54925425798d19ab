-- How many entry spans of the window match, of the newest ones up to a limit, and when the earliest of these starts.
SELECT
    count() AS entry_count,
    toUnixTimestamp64Nano(min(Timestamp)) AS earliest_ns
FROM
(
    SELECT Timestamp
    FROM spans
    WHERE Entry >= 1
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND $filter
    ORDER BY Timestamp DESC
    LIMIT {limit:UInt32}
)
