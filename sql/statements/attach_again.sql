-- Opens the file at path for writing and makes it current. Its storage version stays.
ATTACH {{ path | literal }} AS luc;
USE luc;
