-- Title: Folder of the Parquet data set
-- Purpose: parquet_folder() is where the gridded tables, which are views here, find their parts
-- Units: none
-- Caveat: after moving the data set, CREATE OR REPLACE MACRO parquet_folder() AS '/new/place'; in
--   the path the characters * ? [ are written [*] [?] [[]
-- Source: luc-load build --tables views
-- Needs: none
CREATE OR REPLACE MACRO parquet_folder() AS {{ folder | literal }};
