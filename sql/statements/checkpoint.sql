-- Leaves one complete file without a write-ahead log next to it. A log that stayed behind would make
-- the published file unreadable.
CHECKPOINT luc;
