"""Where rows go and stay: Parquet, the DuckDB file, the stage, what is published or left behind."""
