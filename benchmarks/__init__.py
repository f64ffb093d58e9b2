"""The benchmark suite: luc-load beside the other routes, answers compared before times are."""
