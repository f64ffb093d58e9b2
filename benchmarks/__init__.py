"""The benchmark suite: luc-load and other routes, answers compared before times are."""
