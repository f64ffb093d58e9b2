-- How many rows a check found. Run only where there are any.
SELECT count(*)
FROM (
    {{ check }}
) AS b;
