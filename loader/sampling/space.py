"""The disk that a sample will take, told before it is begun."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from loader.folders import require_space
from loader.sampling.schema import sample_years
from loader.schema import SOURCES, STATIC

__all__ = ["refuse_full_disk", "sample_bytes"]

_BYTES_OF_VARIABLE = 0.7e6
"""Of a year of smooth values on land at 0.25 degrees, where the registry has no measured size."""

_FINEST_DEGREES = 0.25

_COARSER = 1.6
"""Files of cells twice as wide are so many times halved: fewer values, which compress less well."""


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
    """Refuse a sample for which the disk has no room.

    Parameters
    ----------
    folder : pathlib.Path
        Need not exist.
    sources : collection of str
        Those that will be written.
    years : tuple of (int, int)
    resolution : float
        Degrees.

    Raises
    ------
    OutputError
    """
    wanted = sample_bytes(sources, years, resolution)
    require_space(folder, wanted, "the sample", "choose another folder or fewer years")
