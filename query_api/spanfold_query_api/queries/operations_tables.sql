-- The tables that hold data, with what they take on the disk; retention is what their TTL says.
SELECT
    tables.name AS name,
    toInt64OrNull(extract(tables.engine_full, 'TTL .*toIntervalDay\\((\\d+)\\)')) AS retention_days,
    parts.rows AS rows,
    parts.bytes AS bytes_on_disk,
    parts.part_count AS part_count
FROM system.tables AS tables
LEFT JOIN
(
    SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS part_count
    FROM system.parts
    WHERE database = currentDatabase()
        AND active
    GROUP BY table
) AS parts ON parts.table = tables.name
WHERE tables.database = currentDatabase()
    AND tables.engine LIKE '%MergeTree'
ORDER BY bytes_on_disk DESC, name
