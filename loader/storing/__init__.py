"""Where rows go and stay: Parquet parts, the DuckDB file, the stage, what is published."""
