-- Attaches the file at path read-only; statements that follow cannot reach any other file or change a
-- setting. The database is not made current, so that nothing in it takes the place of a table or
-- function of DuckDB.
ATTACH {{ path | literal }} AS luc (READ_ONLY);
SET enable_external_access = false;
SET lock_configuration = true;
