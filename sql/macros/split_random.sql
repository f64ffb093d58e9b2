-- Title: Training and test rows at random
-- Purpose: split_random(test_share, seed) is the rows of luc on land with a column split: about the
--   share test_share of them 'test', the others 'train'
-- Units: test_share 0 to 1, seed an integer; columns as in luc
-- Caveat: the same rows on every machine and in every version of DuckDB; a larger share keeps the
--   test rows of a smaller one; neighbouring cells and years resemble each other, so scores on
--   random test rows flatter a model; NULL or a share outside 0..1 is an error; rows keep their
--   NULLs; USE the database first when it is attached
-- Source: the first 13 hexadecimal digits (52 bits) of the MD5 of cell_id:year:seed, divided by
--   2^52; {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: luc
CREATE OR REPLACE MACRO split_random(test_share, seed) AS TABLE
SELECT
    *,
    CASE
        WHEN CAST('0x' || left(md5(cell_id || ':' || "year" || ':' || CAST(seed AS BIGINT)), 13) AS BIGINT)
            / 4503599627370496e0 < CAST(test_share AS DOUBLE)
            THEN 'test'
        ELSE 'train'
    END AS split
FROM luc
WHERE is_land
    AND CASE
        WHEN CAST(test_share AS DOUBLE) BETWEEN 0 AND 1 AND CAST(seed AS BIGINT) IS NOT NULL THEN TRUE
        ELSE error('split_random: expected test_share from 0 to 1 and an integer seed')
    END;
