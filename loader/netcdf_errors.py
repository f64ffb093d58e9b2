"""Errors of the netCDF library while it writes, as errors of the system."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["as_os_errors"]


@contextmanager
def as_os_errors() -> Iterator[None]:
    """Raise OSError where netCDF4 raises RuntimeError: on errors of HDF5, most often a full disk.

    Raises
    ------
    OSError
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("NetCDF"):
            raise
        raise OSError(str(error)) from error
