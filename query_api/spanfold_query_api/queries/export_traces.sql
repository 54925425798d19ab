-- One piece of an export: the traces whose best entry span is in [lowest, before) and matches, newest first.
-- No IDs travel as parameters (each costs 25 µs); bounds of time find the spans faster than so many IDs would.
WITH
entries AS (
    SELECT
        TraceId,
        max((Entry, -toUnixTimestamp64Nano(Timestamp), SpanId)).3 AS EntryId
    FROM spans
    WHERE Entry >= 1
        AND Timestamp >= fromUnixTimestamp64Nano({lowest_ns:Int64})
        AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64})
        AND (Timestamp, TraceId, SpanId) >= (fromUnixTimestamp64Nano({lowest_ns:Int64}), toFixedString(unhex({lowest_trace_id:String}), 16), toFixedString(unhex({lowest_span_id:String}), 8))
        AND (Timestamp, TraceId, SpanId) < (fromUnixTimestamp64Nano({before_ns:Int64}), toFixedString(unhex({before_trace_id:String}), 16), toFixedString(unhex({before_span_id:String}), 8))
        AND ({model_id:String} = '' OR ModelId = {model_id:String})
        AND $filter
    GROUP BY TraceId
),
(
    SELECT (min(Start), max(End))
    FROM trace_ranges
    WHERE TraceId IN (SELECT TraceId FROM entries)
        AND Start >= fromUnixTimestamp64Nano({earliest_ns:Int64})
        AND Start <= fromUnixTimestamp64Nano({latest_ns:Int64})
) AS extent
SELECT $columns
FROM
(
    SELECT
        lower(hex(entry.TraceId)) AS trace_id,
        entry.SpanName AS name,
        entry.ServiceName AS service_name,
        entry.ModelId AS model_id,
        if(names.name = '', model_id, names.name) AS model_name,
        entry.CallerModelId AS caller_model_id,
        if(entry.ExperimentId = '', '0', entry.ExperimentId) AS experiment_id,
        entry.RunId AS run_id,
        transform(entry.StatusCode, [1, 2], ['OK', 'ERROR'], 'UNSET') AS status,
        entry.StatusMessage AS status_message,
        entry.Timestamp AS start_time,
        entry.Duration / 1000000 AS latency_ms,
        totals.span_count AS span_count,
        totals.error_count AS error_count,
        totals.input_tokens AS input_tokens,
        totals.output_tokens AS output_tokens,
        totals.cost_usd AS cost_usd,
        entry.ConversationId AS conversation_id,
        entry.UserId AS user_id,
        nullIf(entry.Input, '') AS input,
        nullIf(entry.Output, '') AS output,
        mapApply((key, value) -> (substring(key, length({tag_prefix:String}) + 1), value), mapFilter((key, value) -> startsWith(key, {tag_prefix:String}), entry.SpanAttributes)) AS tags,
        lower(hex(entry.SpanId)) AS span_id,
        toUnixTimestamp64Nano(entry.Timestamp) AS start_time_unix_ns$more_columns
    FROM
    (
        SELECT
            TraceId,
            count() AS span_count,
            countIf(StatusCode = 2) AS error_count,
            sumOrNullIf(InputTokens, Call) AS input_tokens,
            sumOrNullIf(OutputTokens, Call) AS output_tokens,
            sumOrNullIf(Cost, Call) AS cost_usd,
            maxIf((Entry, -toUnixTimestamp64Nano(Timestamp), SpanId), Entry >= 1 AND ({model_id:String} = '' OR ModelId = {model_id:String})).3 AS EntryId
        FROM
        (
            SELECT TraceId, SpanId, Timestamp, ModelId, Entry, StatusCode, InputTokens, OutputTokens, Cost, IsCall AS Call
            FROM spans
            WHERE TraceId IN (SELECT TraceId FROM entries)
                AND Timestamp >= greatest(extent.1, fromUnixTimestamp64Nano({earliest_ns:Int64}))
                AND Timestamp <= least(extent.2, fromUnixTimestamp64Nano({latest_ns:Int64}))
            LIMIT 1 BY TraceId, SpanId
        )
        GROUP BY TraceId
    ) AS totals
    INNER JOIN
    (
        SELECT *
        FROM spans
        WHERE (TraceId, SpanId) IN (SELECT TraceId, EntryId FROM entries)
            AND Timestamp >= fromUnixTimestamp64Nano({lowest_ns:Int64})
            AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64})
        LIMIT 1 BY TraceId, SpanId
    ) AS entry ON entry.TraceId = totals.TraceId AND entry.SpanId = totals.EntryId
    LEFT JOIN
    (
        SELECT Stream, JSONExtractString(argMax(Value, Rank)) AS name
        FROM entity_slots
        WHERE StreamType = 'model' AND Slot = 'created.name' AND Stream IN (SELECT DISTINCT ModelId FROM spans WHERE Timestamp >= fromUnixTimestamp64Nano({lowest_ns:Int64}) AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64}))
        GROUP BY Stream
    ) AS names ON names.Stream = entry.ModelId$more_joins
)
ORDER BY start_time DESC, trace_id DESC
SETTINGS ignore_data_skipping_indices = 'span_trace_id'
