-- The scores of the traces that entered versions in a period, in all (is_total) and by pieces of it. As in
-- compare_scores, a trace counts once by each name: by the mean of its values, and by its newest label. Which version a
-- score is of, it says itself, as evaluations and feedback do; of one that does not, the trace's entry says it.
WITH scored AS
(
    SELECT
        TraceId,
        ModelId,
        EvaluationName,
        avgOrNullIf(ScoreValue, abs(ScoreValue) < 1e12) AS value,
        argMaxIf(ScoreLabel, Timestamp, ScoreLabel != '') AS label
    FROM evaluation_events
    WHERE Error = ''
        AND EvaluationName != ''
        AND (ModelId = '' OR ModelId IN {model_ids:Array(String)})
        AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64})
    GROUP BY TraceId, ModelId, EvaluationName
)
SELECT
    model_id,
    name,
    grouping(start_unix_ns) = 1 AS is_total,
    start_unix_ns,
    count() AS trace_count,
    avgOrNull(value) AS mean,
    if(is_total, arraySlice(arrayReverseSort(pair -> pair.2, CAST(sumMapIf(map(label, 1), label != ''), 'Array(Tuple(String, UInt64))')), 1, {max_labels:UInt32}), []) AS labels
FROM
(
    SELECT
        model_id,
        name,
        value,
        label,
        toUnixTimestamp64Nano(start) - positiveModulo(toUnixTimestamp64Nano(start) - {origin_ns:Int64}, {bucket_ns:Int64}) AS start_unix_ns
    FROM
    (
        SELECT scored.ModelId AS model_id, scored.EvaluationName AS name, scored.value AS value, scored.label AS label, ranges.start AS start
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
        SELECT entries.ModelId, scored.EvaluationName, scored.value, scored.label, entries.start
        FROM scored
        INNER JOIN
        (
            SELECT TraceId, ModelId, min(Timestamp) AS start
            FROM spans
            WHERE Entry >= 1
                AND ModelId IN {model_ids:Array(String)}
                AND TraceId IN (SELECT TraceId FROM evaluation_events WHERE Error = '' AND ModelId = '' AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64}))
                AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
                AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            GROUP BY TraceId, ModelId
        ) AS entries ON entries.TraceId = scored.TraceId
        WHERE scored.ModelId = ''
    )
    WHERE start >= fromUnixTimestamp64Nano({start_ns:Int64})
)
GROUP BY GROUPING SETS ((model_id, name, start_unix_ns), (model_id, name))
ORDER BY model_id, name, start_unix_ns
LIMIT {limit:UInt32}
