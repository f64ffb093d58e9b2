-- Attaches two databases read-only. Statements that follow cannot reach any other file, write
-- anything or change a setting; see open_session. Neither is current, so that no macro of one counts.
SET allow_persistent_secrets = false;
SET temp_directory = {{ spill | literal }};
SET max_temp_directory_size = {{ spill_size | literal }};
ATTACH {{ path | literal }} AS a (READ_ONLY);
ATTACH {{ other | literal }} AS b (READ_ONLY);
SET allowed_directories = [{{ files | literal }}];
SET enable_external_access = false;
SET disabled_filesystems = 'LocalFileSystem';
SET lock_configuration = true;
