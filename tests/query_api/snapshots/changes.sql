-- end_ns = 1795323600000000000
-- experiment_ids = ['0']
-- include_deleted = True
-- limit = 200
-- model_ids = []
-- service_name = ''
-- start_ns = 1795150800000000000
-- Versions that had traffic in a period, and those that are named, newest first: by creation, else by first traffic.
-- Which application one is of, its entry spans say: the service that most roots are of, or else most entries, in the
-- last three minutes with traffic. To look at all entries would cost a hundred times as much.
SELECT
    traffic.model_id AS model_id,
    told.name AS name,
    if(told.experiment_id = '', '0', told.experiment_id) AS experiment_id,
    coalesce(told.created_ns, first_ns) AS created_unix_ns,
    told.created_ns IS NOT NULL AS is_registered,
    served.service AS service_name,
    trace_count
FROM
(
    SELECT
        ModelId AS model_id,
        toInt64(toUnixTimestamp(minIf(Minute, spans > 0))) * 1000000000 AS first_ns,
        sumIf(spans, Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64})) AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})) AS span_count,
        sumIf(traces, Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64})) AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})) AS trace_count
    FROM
    (
        SELECT ModelId, Minute, SpanCount AS spans, TraceCount AS traces
        FROM model_rollups
        WHERE ModelId != ''
            AND (empty({model_ids:Array(String)}) OR ModelId IN {model_ids:Array(String)})
        UNION ALL
        SELECT arrayJoin({model_ids:Array(String)}), toDateTime(0), 0, 0
    )
    GROUP BY ModelId
) AS traffic
LEFT JOIN
(
    SELECT
        Stream,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.name')) AS name,
        JSONExtractString(argMaxIf(Value, Rank, Slot = 'created.experiment_id')) AS experiment_id,
        toInt64OrNull(argMaxIf(Value, Rank, Slot = 'created.time')) AS created_ns,
        argMaxIf(Value, Rank, Slot = 'deleted') != '' AS deleted
    FROM entity_slots
    WHERE StreamType = 'model'
        AND Slot IN ('created.name', 'created.experiment_id', 'created.time', 'deleted')
        AND (Stream IN {model_ids:Array(String)} OR Stream IN (SELECT ModelId FROM model_rollups WHERE ModelId != ''))
    GROUP BY Stream
) AS told ON told.Stream = traffic.model_id
LEFT JOIN
(
    SELECT ModelId, argMax(ServiceName, entries) AS service
    FROM
    (
        SELECT ModelId, ServiceName, (countIf(Entry = 2), count()) AS entries
        FROM spans
        WHERE Entry >= 1
            AND (ModelId, toStartOfMinute(toDateTime(Timestamp))) IN
            (
                SELECT ModelId, Minute
                FROM model_rollups
                WHERE TraceCount > 0
                    AND ModelId != ''
                    AND (empty({model_ids:Array(String)}) OR ModelId IN {model_ids:Array(String)})
                    AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
                    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
                ORDER BY Minute DESC
                LIMIT 3 BY ModelId
            )
        GROUP BY ModelId, ServiceName
    )
    GROUP BY ModelId
) AS served ON served.ModelId = traffic.model_id
WHERE (span_count > 0 OR (notEmpty({model_ids:Array(String)}) AND (told.created_ns IS NOT NULL OR first_ns > 0)))
    AND ({include_deleted:Bool} OR notEmpty({model_ids:Array(String)}) OR NOT told.deleted)
    AND (empty({experiment_ids:Array(String)}) OR has({experiment_ids:Array(String)}, experiment_id))
    AND ({service_name:String} = '' OR service_name = {service_name:String})
ORDER BY created_unix_ns DESC, model_id
LIMIT {limit:UInt32};

-- current_ns = 1795237200000000000
-- end_ns = 1795323600000000000
-- experiment_ids = ['0']
-- model_ids = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- start_ns = 1795150800000000000
-- What some versions, and all traffic together (is_total), came to in a period and in the one before, from the counts by
-- the minute. All is that of no version, too. The traces of all traffic are counted elsewhere: here, one counts in each
-- version that it enters.
SELECT
    model_id,
    grouping(model_id) = 1 AS is_total,
    is_current,
    sum(traces) AS trace_count,
    sum(errors) AS error_count,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(latency) AS latency_ns,
    sum(input) AS input_tokens,
    sum(output) AS output_tokens,
    sum(cost) AS cost_usd
FROM
(
    SELECT
        ModelId AS model_id,
        Minute >= fromUnixTimestamp64Nano({current_ns:Int64}) AS is_current,
        sum(TraceCount) AS traces,
        sum(ErrorCount) AS errors,
        quantilesTDigestMergeState(0.5, 0.95, 0.99)(Latency) AS latency,
        sum(InputTokens) AS input,
        sum(OutputTokens) AS output,
        sum(Cost) AS cost
    FROM model_rollups
    WHERE Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64}))
        AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
        AND -- Put where traffic of experiments is meant: that of their versions. A version that says none, and no version, belong to '0'.
(
    empty({experiment_ids:Array(String)})
    OR ModelId IN
    (
        SELECT ModelId
        FROM (SELECT DISTINCT ModelId FROM model_rollups) AS seen
        LEFT JOIN
        (
            SELECT Stream, JSONExtractString(argMax(Value, Rank)) AS experiment_id
            FROM entity_slots
            WHERE StreamType = 'model'
                AND Slot = 'created.experiment_id'
            GROUP BY Stream
        ) AS told ON told.Stream = seen.ModelId
        WHERE has({experiment_ids:Array(String)}, if(told.experiment_id = '', '0', told.experiment_id))
    )
)
    GROUP BY model_id, is_current
)
GROUP BY GROUPING SETS ((model_id, is_current), (is_current))
HAVING is_total OR model_id IN {model_ids:Array(String)};

-- bucket_ns = 86400000000000
-- earliest_ns = 1795064400000000000
-- end_ns = 1795323600000000000
-- limit = 200000
-- max_labels = 20
-- model_ids = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- origin_ns = 1795237200000000000
-- scored_from_ns = 1795147200000000000
-- start_ns = 1795150800000000000
-- The scores of the traces that entered versions in a period, in all (is_total) and by pieces of it. As in
-- compare_scores, a trace counts once by each name: by the mean of its values, and by its newest label. Which version a
-- score is of, it says itself, as evaluations and feedback do; of one that does not, the trace's entry says it.
WITH scored AS
(
    SELECT
        TraceId,
        ModelId,
        EvaluationName,
        avgOrNullIf(ScoreValue, abs(ScoreValue) < 1e12) AS value,
        argMaxIf(ScoreLabel, Timestamp, ScoreLabel != '') AS label
    FROM evaluation_events
    WHERE Error = ''
        AND EvaluationName != ''
        AND (ModelId = '' OR ModelId IN {model_ids:Array(String)})
        AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64})
    GROUP BY TraceId, ModelId, EvaluationName
)
SELECT
    model_id,
    name,
    grouping(start_unix_ns) = 1 AS is_total,
    start_unix_ns,
    count() AS trace_count,
    avgOrNull(value) AS mean,
    if(is_total, arraySlice(arrayReverseSort(pair -> pair.2, CAST(sumMapIf(map(label, 1), label != ''), 'Array(Tuple(String, UInt64))')), 1, {max_labels:UInt32}), []) AS labels
FROM
(
    SELECT
        model_id,
        name,
        value,
        label,
        toUnixTimestamp64Nano(start) - positiveModulo(toUnixTimestamp64Nano(start) - {origin_ns:Int64}, {bucket_ns:Int64}) AS start_unix_ns
    FROM
    (
        SELECT scored.ModelId AS model_id, scored.EvaluationName AS name, scored.value AS value, scored.label AS label, ranges.start AS start
        FROM scored
        INNER JOIN
        (
            SELECT TraceId, min(Start) AS start
            FROM trace_ranges
            WHERE TraceId IN (SELECT TraceId FROM evaluation_events WHERE Error = '' AND ModelId IN {model_ids:Array(String)} AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64}))
                AND Start >= fromUnixTimestamp64Nano({earliest_ns:Int64})
                AND Start < fromUnixTimestamp64Nano({end_ns:Int64})
            GROUP BY TraceId
        ) AS ranges ON ranges.TraceId = scored.TraceId
        WHERE scored.ModelId != ''
        UNION ALL
        SELECT entries.ModelId, scored.EvaluationName, scored.value, scored.label, entries.start
        FROM scored
        INNER JOIN
        (
            SELECT TraceId, ModelId, min(Timestamp) AS start
            FROM spans
            WHERE Entry >= 1
                AND ModelId IN {model_ids:Array(String)}
                AND TraceId IN (SELECT TraceId FROM evaluation_events WHERE Error = '' AND ModelId = '' AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64}))
                AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
                AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            GROUP BY TraceId, ModelId
        ) AS entries ON entries.TraceId = scored.TraceId
        WHERE scored.ModelId = ''
    )
    WHERE start >= fromUnixTimestamp64Nano({start_ns:Int64})
)
GROUP BY GROUPING SETS ((model_id, name, start_unix_ns), (model_id, name))
ORDER BY model_id, name, start_unix_ns
LIMIT {limit:UInt32};

-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- bucket_ns = 172800000000000
-- end_ns = 1795237200000000002
-- experiment_ids = ['0']
-- model_id = ''
-- start_ns = 1795237200000000000
-- The traces of a range by time, each once, at the best of its entry spans that match.
SELECT
    intDiv(started_ns, {bucket_ns:Int64}) AS bucket,
    countIf(status_code != 2) AS ok_count,
    countIf(status_code = 2) AS error_count,
    quantilesExact(0.5, 0.95)(duration_ns) AS latency_ns
FROM
(
    SELECT
        argMax(toUnixTimestamp64Nano(Timestamp), rank) AS started_ns,
        argMax(Duration, rank) AS duration_ns,
        argMax(StatusCode, rank) AS status_code
    FROM
    (
        SELECT
            TraceId,
            Timestamp,
            Duration,
            StatusCode,
            bitShiftLeft(toInt128(Entry), 64) - toUnixTimestamp64Nano(Timestamp) AS rank
        FROM spans
        WHERE Entry >= 1
            AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
            AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            AND ({model_id:String} = '' OR ModelId = {model_id:String})
            AND -- Put where traffic of experiments is meant: that of their versions. A version that says none, and no version, belong to '0'.
(
    empty({experiment_ids:Array(String)})
    OR ModelId IN
    (
        SELECT ModelId
        FROM (SELECT DISTINCT ModelId FROM model_rollups) AS seen
        LEFT JOIN
        (
            SELECT Stream, JSONExtractString(argMax(Value, Rank)) AS experiment_id
            FROM entity_slots
            WHERE StreamType = 'model'
                AND Slot = 'created.experiment_id'
            GROUP BY Stream
        ) AS told ON told.Stream = seen.ModelId
        WHERE has({experiment_ids:Array(String)}, if(told.experiment_id = '', '0', told.experiment_id))
    )
)
    )
    GROUP BY TraceId
)
GROUP BY bucket
ORDER BY bucket;

-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

