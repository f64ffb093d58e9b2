"""The disk that a sample will take, told before it is begun."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from loader.folders import require_space
from loader.sampling.schema import FIRST_ELUC_YEAR
from loader.schema import STATIC

__all__ = ["refuse_full_disk", "sample_bytes"]

_BYTES_OF_YEAR = {"eluc": 0.73e6, "states": 6.0e6, "transitions": 20e6, "management": 2.8e6}
"""At 0.25 degrees, as measured in 2000 to 2020; earlier years take less."""

_BYTES_OF_STATIC = 1.3e6

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
            total += _BYTES_OF_STATIC * share
            continue
        first = max(years[0], FIRST_ELUC_YEAR) if source == "eluc" else years[0]
        count = years[1] - first + 1 + (source == "states")
        total += count * _BYTES_OF_YEAR[source] * share
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
