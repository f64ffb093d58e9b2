"""Find the emissions in a file: the product itself, and its parts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loader.errors import SourceError
from loader.reading.units import require_unit
from loader.schema import ELUC, RESERVED_PRODUCTS

if TYPE_CHECKING:
    import xarray as xr

    from loader.reading.coordinates import Dimensions

__all__ = ["flux_columns"]

_NET = ("eluc_net", "net")
"""Names of the net flux in files without a variable ELUC, in lower case."""


def flux_columns(dataset: xr.Dataset, dims: Dimensions, product: str = "") -> dict[str, str]:
    """Return the variables of a file that hold emissions, and the columns they become.

    The variable ELUC becomes the column `eluc`; in a file of a further product, the column of its
    name. Any other variable with the same unit becomes a column of its own name, such as
    `eluc_deforestation`; of a further product, one that begins with its name.

    Parameters
    ----------
    dataset : xarray.Dataset
    dims : Dimensions
    product : str
        The column of a further product; "" for the first one.

    Returns
    -------
    dict of str to str
        Column by name in the file, the product itself first. Empty if no variable can be
        recognised as the first product.
    """
    others = [str(name) for name in dataset.variables if _is_flux(dataset, str(name), dims)]
    if ELUC.name in dataset.variables:
        main: str | None = ELUC.name
    else:
        main = next((name for net in _NET for name in others if name.lower() == net), None)
        if main is None and product and len(others) == 1:
            (main,) = others
    if main is None and not product:
        return {}
    columns = {} if main is None else {main: product or ELUC.column}
    for name in others:
        if name != main:
            columns[name] = _part(name, product)
    return columns


def _part(name: str, product: str) -> str:
    """Return the column of a part of a product."""
    plain = re.sub(r"\W+", "_", name.lower()).strip("_")
    if product:
        return f"{product}_{plain.removeprefix(f'{ELUC.column}_')}"
    return f"{ELUC.column}_{plain}" if plain in RESERVED_PRODUCTS else plain


def _is_flux(dataset: xr.Dataset, name: str, dims: Dimensions) -> bool:
    """Return whether a variable is one of numbers on the grid in the unit of emissions."""
    variable = dataset.variables[name]
    axes = {dims.time, dims.latitude, dims.longitude}
    units = variable.attrs.get("units")
    if variable.dtype.kind not in "iuf" or not axes.issubset(variable.dims):
        return False
    # Only a text that names carbon can be the unit; parsing takes a library of units.
    if not isinstance(units, str) or "c" not in units.lower():
        return False
    try:
        require_unit(ELUC, units, name)
    except SourceError:
        return False
    return True
