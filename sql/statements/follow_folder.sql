-- Title: Read the Parquet parts in another folder
-- Purpose: lets the views of this connection read the parts in another folder than the recorded one
-- Units: none
-- Caveat: a macro of the connection; further cursors need it again
-- Source: the dataset next to the database
-- Needs: none
CREATE OR REPLACE TEMP MACRO parquet_folder() AS {{ folder | literal }};
