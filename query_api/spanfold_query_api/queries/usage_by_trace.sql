-- Joined into entries_ranked.sql where the order needs it. From nine billion dollars on, costs rank alike: there the
-- 64 bits end.
LEFT JOIN
(
    SELECT
        TraceId,
        sum(InputTokens) AS input_tokens,
        sum(OutputTokens) AS output_tokens,
        toInt64(round(if(sum(Cost) > 9e9, 9e9, sum(Cost)) * 1000000000)) AS cost_nano_usd
    FROM
    (
        SELECT TraceId, SpanId, InputTokens, OutputTokens, Cost
        FROM spans
        WHERE Timestamp >= fromUnixTimestamp64Nano({usage_start_ns:Int64})
            AND Timestamp <= fromUnixTimestamp64Nano({usage_last_ns:Int64})
            AND IsCall
            AND (InputTokens IS NOT NULL OR OutputTokens IS NOT NULL OR Cost IS NOT NULL)
        LIMIT 1 BY TraceId, SpanId
    )
    GROUP BY TraceId
) AS usage ON usage.TraceId = entries.TraceId
