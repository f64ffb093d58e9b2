"""Synthetic source files in exactly the real files' layout, for tests, demos and benchmarks."""

from loader.sampling.marks import GENERATOR_VERSION, is_synthetic, matches
from loader.sampling.schema import FIRST_ELUC_YEAR, FIRST_YEAR, LAST_YEAR
from loader.sampling.writing import DEFAULT_YEARS, RESOLUTIONS, sample_files, write_sample

__all__ = [
    "DEFAULT_YEARS",
    "FIRST_ELUC_YEAR",
    "FIRST_YEAR",
    "GENERATOR_VERSION",
    "LAST_YEAR",
    "RESOLUTIONS",
    "is_synthetic",
    "matches",
    "sample_files",
    "write_sample",
]
