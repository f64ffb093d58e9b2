"""One file of a build, before it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["InputFile"]


@dataclass(frozen=True)
class InputFile:
    """One file of a build.

    Attributes
    ----------
    key : str
        Key of its fingerprint and digest, unique within the build.
    where : str or xarray.Dataset
        A path or address, or a dataset in memory.
    product : str
        The column of a further ELUC product; "" otherwise.
    """

    key: str
    where: str | xr.Dataset
    product: str = ""
