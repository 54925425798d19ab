-- The scores of the same traces: a trace that was scored more than once by one name counts once, by the mean. Infinite
-- ones, and those beyond all scales, would leave nothing of it.
SELECT
    name,
    groupArray(score) AS scores
FROM
(
    SELECT
        EvaluationName AS name,
        avg(ScoreValue) AS score
    FROM evaluation_events
    WHERE abs(ScoreValue) < 1e12
        AND Error = ''
        AND cityHash64(TraceId) <= {max_hash:UInt64}
        AND TraceId IN
        (
            SELECT TraceId
            FROM spans
            WHERE ModelId = {model_id:String}
                AND Entry >= 1
                AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
                AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
                AND cityHash64(TraceId) <= {max_hash:UInt64}
                AND $filter
        )
    GROUP BY EvaluationName, TraceId
)
WHERE name != ''
GROUP BY name
ORDER BY count() DESC, name
LIMIT {limit:UInt32}
