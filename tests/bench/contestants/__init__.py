"""The routes that are compared, each a process of its own: python -m bench.contestants.NAME."""
