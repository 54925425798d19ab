SELECT
    toInt64(toUnixTimestamp(min(Minute))) * 1000000000 AS first_unix_ns,
    count() AS minutes
FROM model_rollups
WHERE ModelId = {model_id:String}
    AND Minute <= fromUnixTimestamp64Nano({as_of_ns:Int64})
