-- Title: Read the Parquet parts elsewhere
-- Purpose: lets the views of this connection read the parts in another folder than the file says
-- Units: none
-- Caveat: a macro of the connection; further cursors need it again
-- Source: the data set beside the database
-- Needs: none
CREATE OR REPLACE TEMP MACRO parquet_folder() AS {{ folder | literal }};
