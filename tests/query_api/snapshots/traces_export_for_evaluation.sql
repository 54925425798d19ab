-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- before_ns = 1795237200000000002
-- before_span_id = '0000000000000000'
-- before_trace_id = '00000000000000000000000000000000'
-- limit = 800
-- model_id = ''
-- piece_bytes = 16777216
-- piece_rows = 100
-- sample_seed = 0
-- strata = ['pro']
-- stratum_key = 'spanfold.tag.tier'
-- stratum_thresholds = [1]
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
            SELECT Timestamp, TraceId, SpanId, toUInt64(0) AS size_bytes
            FROM spans
            WHERE Timestamp >= fromUnixTimestamp64Nano({window_start_ns:Int64})
                AND Timestamp <= fromUnixTimestamp64Nano({before_ns:Int64})
                AND (Timestamp, TraceId, SpanId) < (fromUnixTimestamp64Nano({before_ns:Int64}), toFixedString(unhex({before_trace_id:String}), 16), toFixedString(unhex({before_span_id:String}), 8))
                AND ({model_id:String} = '' OR ModelId = {model_id:String})
                AND Entry >= 1 AND (1 AND sipHash64Keyed((toUInt64({sample_seed:UInt64}), toUInt64(0)), TraceId) <= transform(SpanAttributes[{stratum_key:String}], {strata:Array(String)}, {stratum_thresholds:Array(UInt64)}, toUInt64(0)))
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
-- latest_ns = 86400000000000
-- lowest_ns = 0
-- lowest_span_id = '0000000000000000'
-- lowest_trace_id = '00000000000000000000000000000000'
-- model_id = ''
-- sample_seed = 0
-- span_attributes = []
-- span_text_bytes = 122880
-- strata = ['pro']
-- stratum_key = 'spanfold.tag.tier'
-- stratum_thresholds = [1]
-- tag_prefix = 'spanfold.tag.'
-- trace_bytes = 262144
-- trace_spans = 200
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
        AND (1 AND sipHash64Keyed((toUInt64({sample_seed:UInt64}), toUInt64(0)), TraceId) <= transform(SpanAttributes[{stratum_key:String}], {strata:Array(String)}, {stratum_thresholds:Array(UInt64)}, toUInt64(0)))
    GROUP BY TraceId
),
(
    SELECT (min(Start), max(End))
    FROM trace_ranges
    WHERE TraceId IN (SELECT TraceId FROM entries)
        AND Start >= fromUnixTimestamp64Nano({earliest_ns:Int64})
        AND Start <= fromUnixTimestamp64Nano({latest_ns:Int64})
) AS extent
SELECT trace_id, expectations, spans
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
        toUnixTimestamp64Nano(entry.Timestamp) AS start_time_unix_ns, expected.expectations AS expectations, told.spans AS spans
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
-- Joined into export_traces.sql where the column is asked for: what people said the right answers are.
LEFT JOIN
(
    SELECT toFixedString(unhex(Stream), 16) AS TraceId, mapFromArrays(groupArray(name), groupArray(value)) AS expectations
    FROM
    (
        SELECT Stream, substring(Slot, length('expectations.') + 1) AS name, argMax(Value, Rank) AS value
        FROM entity_slots
        WHERE StreamType = 'trace'
            AND startsWith(Slot, 'expectations.')
            AND Stream IN (SELECT lower(hex(TraceId)) FROM entries)
        GROUP BY Stream, Slot
        HAVING value != ''
        ORDER BY Slot
    )
    GROUP BY Stream
) AS expected ON expected.TraceId = totals.TraceId
-- Joined into export_traces.sql where the column is asked for: the spans of each trace, in order of time. Of a large
-- trace only so many spans and bytes, what tells most first; long texts are cut.
LEFT JOIN
(
    SELECT
        TraceId,
        arraySort(one -> (one.start_time_unix_ns, one.span_id), groupArray(told)) AS spans
    FROM
    (
        SELECT
            TraceId,
            CAST(
                (lower(hex(SpanId)), if(ParentSpanId = toFixedString('', 8), '', lower(hex(ParentSpanId))), SpanName, SpanType, Operation, ServiceName, transform(StatusCode, [1, 2], ['OK', 'ERROR'], 'UNSET'), toUnixTimestamp64Nano(Timestamp), Duration, SpanInput, SpanOutput, SpanAttributes),
                'Tuple(span_id String, parent_span_id String, name String, span_type String, operation String, service_name String, status String, start_time_unix_ns Int64, duration_ns UInt64, input String, output String, attributes Map(String, String))'
            ) AS told,
            row_number() OVER most_telling_first AS number,
            sum(length(SpanInput) + length(SpanOutput) + length(SpanName) + byteSize(SpanAttributes)) OVER most_telling_first AS size_bytes
        FROM
        (
            SELECT
                TraceId, SpanId, ParentSpanId, Timestamp, SpanName, SpanType, Operation, ServiceName, StatusCode, Duration,
                if(length(Input) > {span_text_bytes:UInt32}, toValidUTF8(substring(Input, 1, {span_text_bytes:UInt32})), Input) AS SpanInput,
                if(length(Output) > {span_text_bytes:UInt32}, toValidUTF8(substring(Output, 1, {span_text_bytes:UInt32})), Output) AS SpanOutput,
                mapFilter((key, value) -> arrayExists(beginning -> startsWith(key, beginning), {span_attributes:Array(String)}), SpanAttributes) AS SpanAttributes
            FROM spans
            WHERE TraceId IN (SELECT TraceId FROM entries)
                AND Timestamp >= greatest(extent.1, fromUnixTimestamp64Nano({earliest_ns:Int64}))
                AND Timestamp <= least(extent.2, fromUnixTimestamp64Nano({latest_ns:Int64}))
            LIMIT 1 BY TraceId, SpanId
        )
        WINDOW most_telling_first AS (PARTITION BY TraceId ORDER BY SpanType IN ('', 'REQUEST', 'TASK', 'EMBEDDING'), Timestamp, SpanId ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    WHERE number <= {trace_spans:UInt32} AND size_bytes <= {trace_bytes:UInt64}
    GROUP BY TraceId
) AS told ON told.TraceId = totals.TraceId
)
ORDER BY start_time DESC, trace_id DESC
SETTINGS ignore_data_skipping_indices = 'span_trace_id';

