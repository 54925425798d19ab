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
            $stratum AS stratum,
            $hash AS hash
        FROM spans
        WHERE Entry >= 1
            AND Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
            AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
            AND ({model_id:String} = '' OR ModelId = {model_id:String})
            AND $filter
    )
    WHERE hash <= transform(stratum, {strata:Array(String)}, {bounds:Array(UInt64)}, toUInt64(0))
    GROUP BY stratum
)
