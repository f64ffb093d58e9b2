-- Opens the file at path read-only under a name, and leaves the current database current. What the
-- file defines is not run, unless a later statement names it.
ATTACH {{ path | literal }} AS {{ name | identifier }} (READ_ONLY);
