"""The attributes that mark a file as synthetic and record its parameters."""

from __future__ import annotations

import os
from pathlib import Path

import h5py

__all__ = ["GENERATOR_VERSION", "SYNTHETIC", "is_synthetic", "marks", "matches"]

GENERATOR_VERSION = 1
"""Version of the values of a sample; increase it with every change that alters any of them."""

SYNTHETIC = "yes: made by luc-load sample, not LUH2"

_YEARS, _RESOLUTION, _SEED = "synthetic_years", "synthetic_resolution", "synthetic_seed"
_VERSION = "synthetic_generator_version"
_EDITION = "synthetic_edition"


def marks(
    years: tuple[int, int] | None, resolution: float, seed: int, edition: str = ""
) -> dict[str, str]:
    """Return the global attributes of a sample; `years` is None where nothing depends on them.

    `edition` is "" for the default one.
    """
    span = {} if years is None else {_YEARS: f"{years[0]}:{years[1]}"}
    if edition:
        span[_EDITION] = edition
    return {
        "synthetic": SYNTHETIC,
        _VERSION: str(GENERATOR_VERSION),
        _SEED: str(seed),
        _RESOLUTION: f"{resolution:g} degrees",
        **span,
    }


def is_synthetic(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is marked as made by `luc-load sample`.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    bool
        Also False if the file is missing, unreadable or not netCDF-4.
    """
    return _read(path).get("synthetic") == SYNTHETIC


def matches(
    path: str | os.PathLike[str],
    years: tuple[int, int],
    resolution: float,
    seed: int,
    edition: str = "",
) -> bool:
    """Return whether a file is the sample that these parameters would give.

    Parameters
    ----------
    path : str or path-like
    years : tuple of (int, int)
        First and last year requested; a static file has none and matches any.
    resolution : float
        Degrees.
    seed : int
    edition : str
        "" for the default one. Only files of land use depend on it.

    Returns
    -------
    bool
        A file under its final name is complete: samples are renamed when they are finished.
    """
    attributes = _read(path)
    span = years if _YEARS in attributes else None
    return attributes == marks(span, resolution, seed, edition)


def _read(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the marks of a file, or none.

    The HDF5 library reads them: netCDF-C reads every variable's header first, and loops forever in
    some damaged files.
    """
    try:
        if not Path(path).is_file():
            return {}
        with h5py.File(path, "r") as file:
            names = [name for name in file.attrs if name.startswith("synthetic")]
            attributes = {name: file.attrs[name] for name in names}
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return {}
    return {n: v.decode() if isinstance(v, bytes) else str(v) for n, v in attributes.items()}
