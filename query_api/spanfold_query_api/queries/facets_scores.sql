-- The newest score of each name that each trace of a range has, as the filter language sees it. What is infinite, or
-- beyond all scales, would leave nothing of a mean.
SELECT
    name,
    sum(trace_count) AS count,
    sumOrNull(total) / nullIf(sum(value_count), 0) AS mean,
    min(lowest) AS minimum,
    max(highest) AS maximum,
    arraySlice(arraySort(entry -> (-entry.1, entry.2), groupArrayIf((trace_count, label), label != '')), 1, {limit:UInt32}) AS labels
FROM
(
    SELECT
        name,
        label,
        count() AS trace_count,
        countIf(abs(value) < 1e12) AS value_count,
        sumOrNullIf(value, abs(value) < 1e12) AS total,
        minOrNullIf(value, abs(value) < 1e12) AS lowest,
        maxOrNullIf(value, abs(value) < 1e12) AS highest
    FROM
    (
        SELECT
            toString(EvaluationName) AS name,
            argMax(tuple(ScoreValue), Timestamp).1 AS value,
            toString(argMax(ScoreLabel, Timestamp)) AS label
        FROM evaluation_events
        WHERE Error = ''
            AND Timestamp >= fromUnixTimestamp64Nano({scored_since_ns:Int64})
            AND TraceId IN
            (
                SELECT TraceId
                FROM spans
                WHERE Entry >= 1
                    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
                    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
                    AND ({model_id:String} = '' OR ModelId = {model_id:String})
                    AND $filter
            )
        GROUP BY name, TraceId
    )
    GROUP BY name, label
)
GROUP BY name
ORDER BY count DESC, name
LIMIT {max_scores:UInt32}
