-- From when to when there is traffic, in whole minutes.
SELECT
    toInt64(toUnixTimestamp(min(Minute))) * 1000000000 AS first_unix_ns,
    toInt64(toUnixTimestamp(max(Minute))) * 1000000000 AS last_unix_ns,
    count() AS minutes
FROM model_rollups
