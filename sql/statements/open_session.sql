-- Title: Open a database for asking
-- Purpose: attaches the file at path read-only, makes it current, and lets what follows reach
--   nothing else and change no setting
-- Units: none
-- Caveat: attached rather than opened, so that the settings do not bind other connections of this
--   process to the same file; cannot be undone in this session
-- Source: DuckDB, ATTACH and securing
-- Needs: none
SET temp_directory = {{ spill | literal }};
ATTACH {{ path | literal }} AS luc (READ_ONLY);
USE luc;
{%- if folders %}
SET allowed_directories = [
{%- for folder in folders %}
    {{ folder | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

];
{%- endif %}

SET enable_external_access = false;
SET lock_configuration = true;
