"""The build: options and inputs, identity, the streaming pipeline, the small tables."""
