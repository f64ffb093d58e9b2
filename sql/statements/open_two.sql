-- Title: Open two databases to compare them
-- Purpose: attaches both files read-only; statements that follow cannot reach any other file, write
--   anything or change a setting
-- Units: none
-- Caveat: as open_session, but neither database is current, so that no macro of one counts
-- Source: DuckDB, ATTACH and securing
-- Needs: none
SET allow_persistent_secrets = false;
SET temp_directory = {{ spill | literal }};
SET max_temp_directory_size = {{ spill_size | literal }};
ATTACH {{ path | literal }} AS a (READ_ONLY);
ATTACH {{ other | literal }} AS b (READ_ONLY);
SET allowed_directories = [{{ files | literal }}];
SET enable_external_access = false;
SET disabled_filesystems = 'LocalFileSystem';
SET lock_configuration = true;
