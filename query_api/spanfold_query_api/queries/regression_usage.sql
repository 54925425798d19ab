-- What a trace of a version took in each of equal pieces of a period and of the one before, from the counts by the
-- minute.
SELECT
    ModelId AS model_id,
    Minute >= toStartOfMinute(fromUnixTimestamp64Nano({start_ns:Int64})) AS is_current,
    intDiv(toUnixTimestamp(Minute) - intDiv({before_ns:Int64}, 1000000000), {piece_s:UInt32}) AS piece,
    sum(TraceCount) AS trace_count,
    sum(InputTokens) AS input_tokens,
    sum(OutputTokens) AS output_tokens,
    sumIf(Cost, abs(Cost) < 1e12) AS cost
FROM model_rollups
WHERE ModelId IN {model_ids:Array(String)}
    AND Minute >= toStartOfMinute(fromUnixTimestamp64Nano({before_ns:Int64}))
    AND Minute < fromUnixTimestamp64Nano({end_ns:Int64})
GROUP BY model_id, is_current, piece
HAVING trace_count > 0
ORDER BY model_id, is_current, piece
LIMIT {limit:UInt32}
