-- Lets the views of this connection read the parts in another folder than the recorded one. A macro of
-- the connection; further cursors need it again.
CREATE OR REPLACE TEMP MACRO parquet_folder() AS {{ folder | literal }};
