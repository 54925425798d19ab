-- Scores of one trace in twenty: what a judge said of each, and what people said of a tenth of those. Later versions
-- are wrong more often.
INSERT INTO evaluation_events (Timestamp, TraceId, SpanId, ModelId, EvaluationName, ScoreValue, ScoreLabel, Explanation, Source, Scorer, ServiceName, Tenant, ReceivedAt)
SELECT
    Timestamp + toIntervalSecond(60) AS Timestamp,
    TraceId,
    SpanId,
    ModelId,
    name AS EvaluationName,
    if(name = 'user_satisfaction', 1 + intDiv(luck, 25), luck < 90 - toUInt32(substring(ResourceAttributes['service.version'], 3))) AS ScoreValue,
    if(name = 'correctness', if(ScoreValue = 1, 'yes', 'no'), '') AS ScoreLabel,
    if(name = 'correctness', concat('The answer ', if(ScoreValue = 1, 'agrees', 'disagrees'), ' with the documents.'), '') AS Explanation,
    if(name = 'user_satisfaction', 'HUMAN', 'LLM_JUDGE') AS Source,
    if(name = 'user_satisfaction', UserId, 'gpt-large') AS Scorer,
    ServiceName,
    Tenant,
    toDateTime64(Timestamp, 3) AS ReceivedAt
FROM
(
    SELECT *, sipHash64('luck', TraceId) % 100 AS luck
    FROM spans
    WHERE Entry = 2 AND sipHash64('scored', TraceId) % 20 = 0
)
ARRAY JOIN if(sipHash64('asked', TraceId) % 10 = 0, ['correctness', 'user_satisfaction'], ['correctness']) AS name
