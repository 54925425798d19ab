-- Two log records of each trace that failed.
INSERT INTO logs (Timestamp, TraceId, SpanId, SeverityText, SeverityNumber, ServiceName, ModelId, EventName, Body, LogAttributes, Tenant, ReceivedAt)
SELECT
    Timestamp + toIntervalMillisecond(50 * number) AS Timestamp,
    TraceId,
    SpanId,
    ['WARN', 'ERROR'][number] AS SeverityText,
    [13, 17][number] AS SeverityNumber,
    ServiceName,
    ModelId,
    if(number = 2, 'exception', '') AS EventName,
    if(number = 2, StatusMessage, 'the provider is slow: trying again') AS Body,
    if(number = 2, map('exception.type', 'RateLimitError', 'exception.message', StatusMessage), map('retry', '1')) AS LogAttributes,
    Tenant,
    toDateTime64(Timestamp, 3) AS ReceivedAt
FROM spans
ARRAY JOIN [1, 2] AS number
WHERE Entry = 2 AND StatusCode = 2
