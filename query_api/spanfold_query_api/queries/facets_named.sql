-- Put into facets.sql where versions are searched, too: those whose names have the text in them.
(
    has({named:Array(UInt32)}, number)
    AND value IN
    (
        SELECT Stream
        FROM entity_slots
        WHERE StreamType = 'model' AND Slot = 'created.name'
        GROUP BY Stream
        HAVING positionCaseInsensitiveUTF8(JSONExtractString(argMax(Value, Rank)), {contains:String}) > 0
    )
)
