-- Attaches the file at path read-only and makes it the current database; statements that follow cannot
-- reach any other file, write anything or change a setting. Cannot be undone in this session. The
-- database is attached rather than opened, so that the settings do not bind other connections of this
-- process to the same file. DuckDB's own file system is disabled, which includes the files of the
-- database itself; only the file system of the addresses in the parameters remains, which must be
-- registered before.
SET allow_persistent_secrets = false;
SET temp_directory = {{ spill | literal }};
SET max_temp_directory_size = {{ spill_size | literal }};
ATTACH {{ path | literal }} AS luc (READ_ONLY);
USE luc;
SET allowed_directories = [{{ files | literal }}];
SET enable_external_access = false;
SET disabled_filesystems = 'LocalFileSystem';
SET lock_configuration = true;
