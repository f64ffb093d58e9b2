"""The build: options and inputs, identity, loading, the small tables, the result."""
