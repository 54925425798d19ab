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
LIMIT {limit:UInt32}
