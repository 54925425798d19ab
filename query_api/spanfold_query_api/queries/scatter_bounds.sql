-- How many traces of a range match (a sketch's count, within half a percent, as in compare_traffic.sql), and how slow
-- their slowest entry spans are, slowest first.
SELECT
    uniqCombined64(TraceId) AS trace_count,
    arrayMap(faster -> -faster, groupArraySorted($slow_entries)(-toInt64(Duration))) AS slowest_ns
FROM spans
WHERE Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND ({model_id:String} = '' OR ModelId = {model_id:String})
    AND $filter
