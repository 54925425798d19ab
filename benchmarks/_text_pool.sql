-- One long text of made-up words whose frequencies follow Zipf's law (20,000 words, the short ones common):
-- prompts are cut out of it, so that they compress and are searched about as prose is.
CREATE TABLE text_pool ENGINE = Memory AS
SELECT arrayStringConcat(groupArray(Word), ' ') AS Text
FROM
(
    SELECT
        toUInt32(floor(exp(sipHash64('rank', number) / 18446744073709551616. * log(20000)))) AS Rank,
        arrayStringConcat(arrayMap(
            position -> ['ba','ce','di','fo','gu','la','me','ni','po','ru','sta','tre','vin','wor','lu','qua'][sipHash64(Rank, position) % 16 + 1],
            range(1 + (Rank > 8) + (Rank > 200) + (Rank > 4000)))) || ['', 'n', 's', 'r'][Rank % 4 + 1] AS Word
    FROM numbers({words:UInt64})
)
SETTINGS max_threads = 1
