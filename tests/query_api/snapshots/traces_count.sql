-- Answered from the metadata of parts, without reading rows.
SELECT
    toUnixTimestamp64Nano(min(Timestamp)) AS first_unix_ns,
    toUnixTimestamp64Nano(max(Timestamp)) AS last_unix_ns,
    count() AS span_count
FROM spans;

-- end_ns = 1795237200000000002
-- max_strata = 101
-- model_id = ''
-- start_ns = 1795237200000000000
-- stratum_codes = [0, 1, 2]
-- stratum_words = ['UNSET', 'OK', 'ERROR']
-- How many traces have an entry span in the range that matches, by stratum.
SELECT
    transform(StatusCode, {stratum_codes:Array(Int8)}, {stratum_words:Array(String)}, '') AS stratum,
    uniqExact(TraceId) AS trace_count
FROM spans
WHERE Entry >= 1
    AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND ({model_id:String} = '' OR ModelId = {model_id:String})
    AND 1
GROUP BY stratum
ORDER BY stratum
LIMIT {max_strata:UInt32};

-- bounds = [18446744073709551615]
-- end_ns = 1795237200000000002
-- max_strata = 101
-- model_id = ''
-- sample_seed = 0
-- shares = [1]
-- start_ns = 1795237200000000000
-- strata = ['UNSET']
-- stratum_codes = [0, 1, 2]
-- stratum_words = ['UNSET', 'OK', 'ERROR']
-- The largest hash that each stratum takes: its share-th smallest. Only hashes below a bound are held, little more
-- than the sample.
SELECT
    stratum,
    least(length(hashes), transform(stratum, {strata:Array(String)}, {shares:Array(UInt64)}, toUInt64(0))) AS taken,
    if(taken = 0, 0, arraySort(hashes)[taken]) AS threshold
FROM
(
    SELECT
        stratum,
        groupUniqArray(hash) AS hashes
    FROM
    (
        SELECT
            transform(StatusCode, {stratum_codes:Array(Int8)}, {stratum_words:Array(String)}, '') AS stratum,
            sipHash64Keyed((toUInt64({sample_seed:UInt64}), toUInt64(0)), TraceId) AS hash
        FROM spans
        WHERE Entry >= 1
            AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
            AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            AND ({model_id:String} = '' OR ModelId = {model_id:String})
            AND 1
    )
    WHERE hash <= transform(stratum, {strata:Array(String)}, {bounds:Array(UInt64)}, toUInt64(0))
    GROUP BY stratum
);

