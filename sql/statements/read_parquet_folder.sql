-- The folder that parquet_folder() names, as DuckDB's pattern. The macro exists only where the gridded
-- tables are views.
SELECT parquet_folder();
