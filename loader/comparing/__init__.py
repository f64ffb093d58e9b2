"""Compare two databases: what each holds alone, and where their values differ."""
