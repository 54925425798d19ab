-- end_ns = 1795323600000000000
-- experiment_ids = []
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

-- before_ns = 1795150800000000000
-- end_ns = 1795323600000000000
-- model_ids = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- start_ns = 1795237200000000000
-- What versions did in a period and in the one before, from the counts by the minute. The levels are those between which
-- the limits of quantiles are found.
SELECT
    ModelId AS model_id,
    Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64})) AS is_current,
    sum(TraceCount) AS trace_count,
    sum(ErrorCount) AS error_count,
    quantilesTDigestMerge(0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.18, 0.19, 0.2, 0.21, 0.22, 0.23, 0.24, 0.25, 0.26, 0.27, 0.28, 0.29, 0.3, 0.31, 0.32, 0.33, 0.34, 0.35, 0.36, 0.37, 0.38, 0.39, 0.4, 0.41, 0.42, 0.43, 0.44, 0.45, 0.46, 0.47, 0.48, 0.49, 0.5, 0.51, 0.52, 0.53, 0.54, 0.55, 0.56, 0.57, 0.58, 0.59, 0.6, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66, 0.67, 0.68, 0.69, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76, 0.77, 0.78, 0.79, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87, 0.88, 0.89, 0.9, 0.902, 0.904, 0.906, 0.908, 0.91, 0.912, 0.914, 0.916, 0.918, 0.92, 0.922, 0.924, 0.926, 0.928, 0.93, 0.932, 0.934, 0.936, 0.938, 0.94, 0.942, 0.944, 0.946, 0.948, 0.95, 0.952, 0.954, 0.956, 0.958, 0.96, 0.962, 0.964, 0.966, 0.968, 0.97, 0.972, 0.974, 0.976, 0.978, 0.98, 0.982, 0.984, 0.986, 0.988, 0.99, 0.992, 0.994, 0.996, 0.998, 0.999)(Latency) AS latency_ns
FROM model_rollups
WHERE ModelId IN {model_ids:Array(String)}
    AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({before_ns:Int64}))
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
GROUP BY model_id, is_current;

-- before_ns = 1795150800000000000
-- end_ns = 1795323600000000000
-- limit = 44
-- model_ids = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- piece_s = 4320
-- start_ns = 1795237200000000000
-- What a trace of a version took in each of equal pieces of a period and of the one before, from the counts by the
-- minute.
SELECT
    ModelId AS model_id,
    Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64})) AS is_current,
    intDiv(toUnixTimestamp(Minute) - intDiv({before_ns:Int64}, 1000000000), {piece_s:UInt32}) AS piece,
    sum(TraceCount) AS trace_count,
    sum(InputTokens) AS input_tokens,
    sum(OutputTokens) AS output_tokens,
    sumIf(Cost, abs(Cost) < 1e12) AS cost
FROM model_rollups
WHERE ModelId IN {model_ids:Array(String)}
    AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({before_ns:Int64}))
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
GROUP BY model_id, is_current, piece
HAVING trace_count > 0
ORDER BY model_id, is_current, piece
LIMIT {limit:UInt32};

-- before_ns = 1795150800000000000
-- earliest_ns = 1795064400000000000
-- end_ns = 1795323600000000000
-- max_scores = 1000
-- model_ids = ['m-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
-- scored_from_ns = 1795147200000000000
-- start_ns = 1795237200000000000
-- The scores of the traces of versions in a period and in the one before; of many, those whose IDs hash low. Which
-- traces count and how, version_scores says.
WITH scored AS
(
    SELECT
        TraceId,
        ModelId,
        EvaluationName,
        avg(ScoreValue) AS value
    FROM evaluation_events
    WHERE Error = ''
        AND EvaluationName != ''
        AND abs(ScoreValue) < 1e12
        AND (ModelId = '' OR ModelId IN {model_ids:Array(String)})
        AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64})
    GROUP BY TraceId, ModelId, EvaluationName
)
SELECT
    model_id,
    is_current,
    name,
    groupArray(value) AS scores
FROM
(
    SELECT model_id, name, value, start >= fromUnixTimestamp64Nano({start_ns:Int64}) AS is_current
    FROM
    (
        SELECT scored.TraceId AS trace_id, scored.ModelId AS model_id, scored.EvaluationName AS name, scored.value AS value, ranges.start AS start
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
        SELECT scored.TraceId, entries.ModelId, scored.EvaluationName, scored.value, entries.start
        FROM scored
        INNER JOIN
        (
            SELECT TraceId, ModelId, min(Timestamp) AS start
            FROM spans
            WHERE Entry >= 1
                AND ModelId IN {model_ids:Array(String)}
                AND TraceId IN (SELECT TraceId FROM evaluation_events WHERE Error = '' AND ModelId = '' AND Timestamp >= fromUnixTimestamp64Nano({scored_from_ns:Int64}))
                AND Timestamp >= fromUnixTimestamp64Nano({before_ns:Int64})
                AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            GROUP BY TraceId, ModelId
        ) AS entries ON entries.TraceId = scored.TraceId
        WHERE scored.ModelId = ''
    )
    WHERE start >= fromUnixTimestamp64Nano({before_ns:Int64})
    ORDER BY cityHash64(trace_id), trace_id
    LIMIT {max_scores:UInt32} BY model_id, name, is_current
)
GROUP BY model_id, is_current, name
ORDER BY model_id, is_current, name;

