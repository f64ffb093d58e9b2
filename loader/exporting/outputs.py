"""The formats of an export, and the one that an output's name means."""

from __future__ import annotations

import sys
from pathlib import PurePath

from loader.errors import UsageError

__all__ = ["FORMATS", "GRID_FORMATS", "SUFFIXES", "choose_output", "is_gzip"]

SUFFIXES = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
    ".nc": "netcdf",
    ".nc4": "netcdf",
    ".zarr": "zarr",
}
"""Formats by the suffix of a name."""

FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))

GRID_FORMATS = frozenset({"netcdf", "zarr"})
"""Formats that hold a grid; the others hold rows."""


def choose_output(output: str | None, named: str | None = None) -> tuple[str, str]:
    """Return where an export goes and in which format.

    Parameters
    ----------
    output : str or None
        A path, or "-" for standard output; None is standard output unless it is a terminal.
    named : str, optional
        The format; by the name of the output if not given.

    Raises
    ------
    UsageError
        If the name tells nothing, or the format cannot be written there.
    """
    from loader.querying.output import STDOUT  # noqa: PLC0415  # --help must be quick

    target = STDOUT if output is None else output
    if named is None:
        named = "csv" if target == STDOUT else _format_of(target)
    if target == STDOUT:
        if named in GRID_FORMATS:
            raise UsageError(f"{named} cannot be written to standard output; add -o PATH")
        if sys.stdout.isatty() and named != "csv":
            raise UsageError(f"{named} is binary; write it to a file with -o FILE")
        if sys.stdout.isatty() and output is None:
            raise UsageError(
                "an export would flood the terminal; write it to a file with -o FILE, pipe it, or "
                "add -o - to print it anyway"
            )
    if is_gzip(target) and named != "csv":
        raise UsageError(
            f"{target}: only CSV is compressed with gzip, and the format is {named}; remove .gz"
        )
    return target, named


def is_gzip(output: str) -> bool:
    """Whether an output is compressed with gzip, by its name."""
    return output.lower().endswith(".gz")


def _format_of(output: str) -> str:
    name = PurePath(output).name.lower()
    for suffix, known in SUFFIXES.items():
        if name.endswith(suffix):
            return known
    raise UsageError(
        f"{output}: the suffix is none of {', '.join(SUFFIXES)}; use one of them, or --format"
    )
