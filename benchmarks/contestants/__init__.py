"""The routes that are compared, a process each: python -m benchmarks.contestants.NAME."""
