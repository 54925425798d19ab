-- What a judge and people said of the same traces: the judge's newest score, and the mean of each person's newest (of
-- labels the newest of all), with the length of what was judged. The newest judgements, if there are too many.
WITH
judged AS (
    SELECT
        TraceId,
        max(Timestamp) AS At,
        argMax(tuple(ScoreValue), Timestamp).1 AS Value,
        argMax(toString(ScoreLabel), Timestamp) AS Label,
        argMax(Explanation, Timestamp) AS Justification,
        argMax(Attributes[{position_key:String}], Timestamp) AS Position
    FROM evaluation_events
    WHERE EvaluationName = {judge:String}
        AND Source != 'HUMAN'
        AND Error = ''
        AND ({evaluation_id:String} = '' OR EvaluationId = {evaluation_id:String})
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    GROUP BY TraceId
),
said AS (
    SELECT
        TraceId,
        avg(Value) AS Value,
        argMax(Label, At) AS Label,
        argMax(Position, At) AS Position
    FROM
    (
        SELECT
            TraceId,
            Scorer,
            max(Timestamp) AS At,
            argMax(tuple(ScoreValue), Timestamp).1 AS Value,
            argMax(toString(ScoreLabel), Timestamp) AS Label,
            argMax(Attributes[{position_key:String}], Timestamp) AS Position
        FROM evaluation_events
        WHERE EvaluationName = {human:String}
            AND (Source = 'HUMAN' OR (Source = '' AND {human:String} != {judge:String}))
            AND Error = ''
        GROUP BY TraceId, Scorer
    )
    GROUP BY TraceId
),
both AS (
    SELECT
        judged.TraceId AS TraceId,
        judged.At AS At,
        judged.Value AS JudgeValue,
        judged.Label AS JudgeLabel,
        judged.Justification AS Justification,
        said.Value AS HumanValue,
        said.Label AS HumanLabel,
        if(judged.Position = '', said.Position, judged.Position) AS Position
    FROM judged
    INNER JOIN said ON judged.TraceId = said.TraceId
    WHERE (judged.Value IS NOT NULL OR judged.Label != '') AND (said.Value IS NOT NULL OR said.Label != '')
    ORDER BY At DESC, TraceId
    LIMIT {limit:UInt32}
),
(
    SELECT (min(Start), max(End))
    FROM trace_ranges
    WHERE TraceId IN (SELECT TraceId FROM both)
) AS extent
SELECT
    lower(hex(both.TraceId)) AS trace_id,
    both.JudgeValue AS judge_value,
    both.JudgeLabel AS judge_label,
    both.Justification AS justification,
    both.HumanValue AS human_value,
    both.HumanLabel AS human_label,
    both.Position AS position,
    answers.Chars AS answer_chars
FROM both
LEFT JOIN
(
    SELECT TraceId, argMax(lengthUTF8(Output), (Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)) AS Chars
    FROM spans
    WHERE TraceId IN (SELECT TraceId FROM both)
        AND Entry >= 1
        AND Timestamp >= extent.1
        AND Timestamp <= extent.2
    GROUP BY TraceId
) AS answers ON answers.TraceId = both.TraceId
ORDER BY both.At DESC, trace_id
