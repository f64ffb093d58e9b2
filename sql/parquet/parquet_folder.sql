-- Title: Folder of the Parquet dataset
-- Purpose: parquet_folder() is the folder from which the gridded tables, which are views, read
--   their parts
-- Units: none
-- Caveat: after moving the dataset, CREATE OR REPLACE MACRO parquet_folder() AS '/new/place'; in
--   the path the characters * ? [ are written [*] [?] [[]
-- Source: luc-load build --tables views
-- Needs: none
CREATE OR REPLACE MACRO parquet_folder() AS {{ folder | literal }};
