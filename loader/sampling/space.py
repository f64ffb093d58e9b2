"""Estimate the disk space of a sample before it is written."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from loader.folders import require_space
from loader.sampling.schema import sample_years
from loader.schema import SOURCES, STATIC

__all__ = ["refuse_full_disk", "sample_bytes"]

_BYTES_OF_VARIABLE = 0.7e6
"""Bytes of a year of smooth values on land at 0.25 degrees, if the registry has no measurement."""

_FINEST_DEGREES = 0.25

_COARSER = 1.6
"""Halvings of the size of a file when cells are twice as wide: fewer values compress less well."""


def sample_bytes(sources: Collection[str], years: tuple[int, int], resolution: float) -> int:
    """Return about how many bytes the files of a sample take.

    Parameters
    ----------
    sources : collection of str
    years : tuple of (int, int)
        First and last; the states reach a year further.
    resolution : float
        Degrees.
    """
    share = (_FINEST_DEGREES / resolution) ** _COARSER
    total = 0.0
    for source in sources:
        if source == STATIC.name:
            total += (STATIC.sample_bytes or 0) * share
            continue
        kind = SOURCES[source]
        size = kind.sample_bytes or len(kind.variables) * _BYTES_OF_VARIABLE
        total += len(sample_years(kind, years)) * size * share
    return int(total)


def refuse_full_disk(
    folder: Path, sources: Collection[str], years: tuple[int, int], resolution: float
) -> None:
    """Raise if the disk has no room for a sample.

    Parameters
    ----------
    folder : pathlib.Path
        Need not exist.
    sources : collection of str
        The sources that will be written.
    years : tuple of (int, int)
    resolution : float
        Degrees.

    Raises
    ------
    OutputError
    """
    needed = sample_bytes(sources, years, resolution)
    require_space(folder, needed, "the sample", "choose another folder or fewer years")
