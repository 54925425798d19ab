-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- end_ns = 1795237200000000002
-- start_ns = 1795237200000000000
SELECT count() AS span_count
FROM spans
WHERE Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64});

-- end_ns = 1795237200000000002
-- max_keys = 200
-- spans = 10000
-- start_ns = 1795237200000000000
-- tag_prefix = 'spanfold.tag.'
-- The keys of the newest spans' maps, the most frequent first. Tags are attributes of a prefix.
SELECT
    key.1 AS field,
    key.2 AS name
FROM
(
    SELECT arrayConcat(
        arrayMap(name -> if(startsWith(name, {tag_prefix:String}), ('tags', substring(name, length({tag_prefix:String}) + 1)), ('attributes', name)), mapKeys(SpanAttributes)),
        arrayMap(name -> ('resource_attributes', name), mapKeys(ResourceAttributes))) AS keys
    FROM spans
    WHERE Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    ORDER BY Timestamp DESC
    LIMIT {spans:UInt32}
)
ARRAY JOIN keys AS key
WHERE key.2 != ''
GROUP BY key
ORDER BY count() DESC, key
LIMIT {max_keys:UInt32} BY field;

-- max_keys = 200
-- Answered from the first column of the sorting key.
SELECT DISTINCT toString(EvaluationName) AS name
FROM evaluation_events
WHERE EvaluationName != ''
ORDER BY name
LIMIT {max_keys:UInt32};

