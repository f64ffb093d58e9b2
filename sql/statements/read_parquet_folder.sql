-- Title: Where the views find their Parquet parts
-- Purpose: the folder that parquet_folder() names, as DuckDB's pattern
-- Units: none
-- Caveat: the macro exists only where the gridded tables are views
-- Source: the build
-- Needs: parquet_folder
SELECT parquet_folder();
