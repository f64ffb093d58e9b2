"""Export data as CSV or Parquet, as the grid of the source files, or to xarray."""
