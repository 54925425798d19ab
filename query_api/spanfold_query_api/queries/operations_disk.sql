-- Version of the engine, and room on the disks of this machine that it writes to.
SELECT
    version() AS version,
    sum(free_space) AS free_bytes,
    sum(total_space) AS total_bytes,
    count() AS disks
FROM system.disks
WHERE type = 'Local'
    AND (name = 'default' OR name IN (SELECT disk_name FROM system.parts WHERE active AND database = currentDatabase()))
