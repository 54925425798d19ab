-- The scores of the traces of versions in a period and in the one before; of many, those whose IDs hash low. Which
-- traces count and how, version_scores says.
WITH scored AS
(
    SELECT
        TraceId,
        ModelId,
        EvaluationName,
        avg(ScoreValue) AS value
    FROM evaluation_events
    WHERE Error = ''
        AND EvaluationName != ''
        AND abs(ScoreValue) < 1e12
        AND (ModelId = '' OR ModelId IN {model_ids:Array(String)})
        AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64})
    GROUP BY TraceId, ModelId, EvaluationName
)
SELECT
    model_id,
    is_current,
    name,
    groupArray(value) AS scores
FROM
(
    SELECT model_id, name, value, start >= fromUnixTimestamp64Nano({start_ns:Int64}) AS is_current
    FROM
    (
        SELECT scored.TraceId AS trace_id, scored.ModelId AS model_id, scored.EvaluationName AS name, scored.value AS value, ranges.start AS start
        FROM scored
        INNER JOIN
        (
            SELECT TraceId, min(Start) AS start
            FROM trace_ranges
            WHERE TraceId IN (SELECT TraceId FROM evaluation_events WHERE Error = '' AND ModelId IN {model_ids:Array(String)} AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64}))
                AND Start >= fromUnixTimestamp64Nano({earliest_ns:Int64})
                AND Start < fromUnixTimestamp64Nano({end_ns:Int64})
            GROUP BY TraceId
        ) AS ranges ON ranges.TraceId = scored.TraceId
        WHERE scored.ModelId != ''
        UNION ALL
        SELECT scored.TraceId, entries.ModelId, scored.EvaluationName, scored.value, entries.start
        FROM scored
        INNER JOIN
        (
            SELECT TraceId, ModelId, min(Timestamp) AS start
            FROM spans
            WHERE Entry >= 1
                AND ModelId IN {model_ids:Array(String)}
                AND TraceId IN (SELECT TraceId FROM evaluation_events WHERE Error = '' AND ModelId = '' AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64}))
                AND Timestamp >= fromUnixTimestamp64Nano({before_ns:Int64})
                AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            GROUP BY TraceId, ModelId
        ) AS entries ON entries.TraceId = scored.TraceId
        WHERE scored.ModelId = ''
    )
    WHERE start >= fromUnixTimestamp64Nano({before_ns:Int64})
    ORDER BY cityHash64(trace_id), trace_id
    LIMIT {max_scores:UInt32} BY model_id, name, is_current
)
GROUP BY model_id, is_current, name
ORDER BY model_id, is_current, name
