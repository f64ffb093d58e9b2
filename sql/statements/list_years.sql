-- Every loaded year and which tables have it, in order.
SELECT "year", has_eluc, has_state
FROM "year"
ORDER BY "year";
