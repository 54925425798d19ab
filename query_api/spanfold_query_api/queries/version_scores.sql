-- The scores of the traces that entered versions in a period, in all (is_total) and by pieces of it. As in
-- compare_scores, a trace counts once by each name: by the mean of its values, and by its newest label.
SELECT
    ModelId AS model_id,
    name,
    grouping(start_unix_ns) = 1 AS is_total,
    start_unix_ns,
    count() AS trace_count,
    avgOrNull(value) AS mean,
    if(is_total, arraySlice(arrayReverseSort(pair -> pair.2, CAST(sumMapIf(map(label, 1), label != ''), 'Array(Tuple(String, UInt64))')), 1, {max_labels:UInt32}), []) AS labels
FROM
(
    SELECT
        ModelId,
        TraceId,
        toInt64(intDiv(toUnixTimestamp(min(Timestamp)), {bucket_s:UInt32})) * {bucket_s:UInt32} * 1000000000 AS start_unix_ns
    FROM spans
    WHERE Entry >= 1
        AND ModelId IN {model_ids:Array(String)}
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND TraceId IN
        (
            SELECT TraceId
            FROM evaluation_events
            WHERE Error = ''
                AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64})
        )
    GROUP BY ModelId, TraceId
) AS entries
INNER JOIN
(
    SELECT
        TraceId,
        EvaluationName AS name,
        avgOrNullIf(ScoreValue, abs(ScoreValue) < 1e12) AS value,
        argMaxIf(ScoreLabel, Timestamp, ScoreLabel != '') AS label
    FROM evaluation_events
    WHERE Error = ''
        AND EvaluationName != ''
        AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64})
    GROUP BY TraceId, EvaluationName
) AS scored ON scored.TraceId = entries.TraceId
GROUP BY GROUPING SETS ((model_id, name, start_unix_ns), (model_id, name))
ORDER BY model_id, name, start_unix_ns
LIMIT {limit:UInt32}
