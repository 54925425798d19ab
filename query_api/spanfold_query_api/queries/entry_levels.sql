-- How many entry spans are roots, and how many the first of another service. One column of a byte is read.
SELECT
    countIf(Entry = 2) AS root_count,
    countIf(Entry = 1) AS other_count
FROM spans
WHERE {model_id:String} = '' OR ModelId = {model_id:String}
