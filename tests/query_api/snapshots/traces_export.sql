-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- before_ns = 1795237200000000002
-- before_span_id = '0000000000000000'
-- before_trace_id = '00000000000000000000000000000000'
-- f0 = 'r1'
-- limit = 160000
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- piece_bytes = 16777216
-- piece_rows = 20000
-- window_start_ns = 1795237200000000000
-- Cuts the newest rows of a window into pieces of bounded rows and bytes: the lowest key of each, newest piece
-- first. Light columns and sizes only; a span that was sent twice has one key.
SELECT
    toUnixTimestamp64Nano(lowest.1) AS unix_ns,
    lowest.2 AS trace_id,
    lowest.3 AS span_id,
    row_count
FROM
(
    SELECT
        min((Timestamp, TraceId, SpanId)) AS lowest,
        count() AS row_count
    FROM
    (
        SELECT
            Timestamp,
            TraceId,
            SpanId,
            intDiv(sum(size_bytes) OVER newest_first, {piece_bytes:UInt64}) + intDiv(row_number() OVER newest_first - 1, {piece_rows:UInt64}) AS piece
        FROM
        (
            SELECT Timestamp, TraceId, SpanId, toUInt64(length(Input)) AS size_bytes
            FROM spans
            WHERE Timestamp >= fromUnixTimestamp64Nano({window_start_ns:Int64})
                AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64})
                AND (Timestamp, TraceId, SpanId) < (fromUnixTimestamp64Nano({before_ns:Int64}), toFixedString(unhex({before_trace_id:String}), 16), toFixedString(unhex({before_span_id:String}), 8))
                AND ({model_id:String} = '' OR ModelId = {model_id:String})
                AND Entry >= 1 AND (RunId = {f0:String})
            ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC
            LIMIT 1 BY Timestamp, TraceId, SpanId
            LIMIT {limit:UInt64}
        )
        WINDOW newest_first AS (ORDER BY Timestamp DESC, TraceId DESC, SpanId DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    GROUP BY piece
)
ORDER BY lowest DESC;

-- before_ns = 0
-- before_span_id = '0000000000000000'
-- before_trace_id = '00000000000000000000000000000000'
-- earliest_ns = -86400000000000
-- f0 = 'r1'
-- latest_ns = 86400000000000
-- lowest_ns = 0
-- lowest_span_id = '0000000000000000'
-- lowest_trace_id = '00000000000000000000000000000000'
-- model_id = 'm-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
-- tag_prefix = 'spanfold.tag.'
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
        AND (RunId = {f0:String})
    GROUP BY TraceId
),
(
    SELECT (min(Start), max(End))
    FROM trace_ranges
    WHERE TraceId IN (SELECT TraceId FROM entries)
        AND Start >= fromUnixTimestamp64Nano({earliest_ns:Int64})
        AND Start <= fromUnixTimestamp64Nano({latest_ns:Int64})
) AS extent
SELECT input
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
        toUnixTimestamp64Nano(entry.Timestamp) AS start_time_unix_ns
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
    ) AS names ON names.Stream = entry.ModelId
)
ORDER BY start_time DESC, trace_id DESC
SETTINGS ignore_data_skipping_indices = 'span_trace_id';

