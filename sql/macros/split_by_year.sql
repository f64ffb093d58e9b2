-- Title: Training and test rows by year
-- Purpose: split_by_year(first_test_year) is the rows of luc on land with a column split: 'test'
--   from first_test_year on, 'train' before it
-- Units: first_test_year a calendar year; columns as in luc
-- Caveat: NULL is an error; rows keep their NULLs, leave them out before fitting; neighbouring
--   years resemble each other, so the first test years are easier than later ones; USE the database
--   first when it is attached
-- Source: {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: luc
CREATE OR REPLACE MACRO split_by_year(first_test_year) AS TABLE
SELECT
    *,
    CASE WHEN "year" < CAST(first_test_year AS INTEGER) THEN 'train' ELSE 'test' END AS split
FROM luc
WHERE is_land
    AND CASE
        WHEN CAST(first_test_year AS INTEGER) IS NULL
            THEN error('split_by_year: first_test_year is NULL; expected a calendar year')
        ELSE TRUE
    END;
