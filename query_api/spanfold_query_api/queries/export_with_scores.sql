-- Joined into export_traces.sql where the column is asked for: it looks through all scores that there are.
LEFT JOIN
(
    SELECT TraceId, groupArray(score) AS scores
    FROM
    (
        SELECT
            TraceId,
            CAST((EvaluationName, argMax(tuple(ScoreValue), Timestamp).1, argMax(ScoreLabel, Timestamp), argMax(Explanation, Timestamp)), 'Tuple(name String, value Nullable(Float64), label String, explanation String)') AS score
        FROM evaluation_events
        WHERE TraceId IN (SELECT TraceId FROM entries) AND Error = ''
        GROUP BY TraceId, EvaluationName
        ORDER BY EvaluationName
    )
    GROUP BY TraceId
) AS judged ON judged.TraceId = totals.TraceId
