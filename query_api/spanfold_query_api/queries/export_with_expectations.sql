-- Joined into export_traces.sql where the column is asked for: what people said the right answers are.
LEFT JOIN
(
    SELECT toFixedString(unhex(Stream), 16) AS TraceId, mapFromArrays(groupArray(name), groupArray(value)) AS expectations
    FROM
    (
        SELECT Stream, substring(Slot, length('expectations.') + 1) AS name, argMax(Value, Rank) AS value
        FROM entity_slots
        WHERE StreamType = 'trace'
            AND startsWith(Slot, 'expectations.')
            AND Stream IN (SELECT lower(hex(TraceId)) FROM entries)
        GROUP BY Stream, Slot
        HAVING value != ''
        ORDER BY Slot
    )
    GROUP BY Stream
) AS expected ON expected.TraceId = totals.TraceId
