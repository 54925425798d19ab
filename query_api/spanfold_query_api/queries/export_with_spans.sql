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
