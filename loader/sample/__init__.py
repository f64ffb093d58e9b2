"""Synthetic source files in exactly the real files' layout, for tests, demos and benchmarks."""

from loader.sample.marks import GENERATOR_VERSION, is_synthetic, matches
from loader.sample.writing import RESOLUTIONS, SAMPLE_NAMES, write_sample

__all__ = [
    "GENERATOR_VERSION",
    "RESOLUTIONS",
    "SAMPLE_NAMES",
    "is_synthetic",
    "matches",
    "write_sample",
]
