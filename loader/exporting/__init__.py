"""Give the data back: as CSV and Parquet, as the grid of the source files, as xarray."""
