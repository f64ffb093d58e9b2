"""LUH2's static grid: ice and water, potential vegetation and country of every cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.countries import ALASKA, NO_COUNTRY, UNITED_STATES, Country, countries
from loader.errors import BadValueError, GridError, SourceError
from loader.reading.centres import read_grid
from loader.reading.coordinates import find_dimensions
from loader.reading.decoding import IMPLAUSIBLE
from loader.reading.opening import open_undecoded
from loader.reading.planes import read_plane
from loader.reading.sourcefile import name_of_dataset
from loader.reading.units import require_unit
from loader.reading.window import part_of
from loader.schema import STATIC, Variable

if TYPE_CHECKING:
    import xarray as xr

    from loader.grid import Grid
    from loader.reading.coordinates import Dimensions

__all__ = ["StaticGrid", "open_static"]

Float32 = npt.NDArray[np.float32]

_ROUNDING = 1e-5
"""A fraction may be outside 0..1 by this much."""

_LIMITS: dict[str, tuple[float, float]] = {
    "ptbio": (0.0, float(IMPLAUSIBLE)),
    "fstnf": (0.0, 1.0),
    "icwtr": (-_ROUNDING, 1 + _ROUNDING),
    "ccode": (0.0, float(np.iinfo(np.int16).max)),
}

_WHOLE = frozenset({"fstnf", "ccode"})
"""Variables that hold flags or codes: a number between two of them was interpolated."""


@dataclass(frozen=True)
class StaticGrid:
    """The static grid, completely in memory: it is small.

    Attributes
    ----------
    path : str
        The file as the user named it, or a description of a dataset in memory.
    grid : Grid
        The nominal grid of its coordinates.
    attributes : dict of str to object
        The file's global attributes.
    notices : tuple of str
        What the user should know about the file.
    ice_water_fraction, potential_biomass : ndarray of float32, shape (n_cells,)
        1, and kg C m-2; NaN is missing.
    potential_forest : ndarray of float32, shape (n_cells,)
        1, 0, or NaN for missing.
    country_code : ndarray of int16, shape (n_cells,)
        0 is none.
    countries : dict of int to Country
        The known countries, by code.
    """

    path: str
    grid: Grid
    attributes: dict[str, object]
    notices: tuple[str, ...]
    ice_water_fraction: Float32
    potential_forest: Float32
    potential_biomass: Float32
    country_code: npt.NDArray[np.int16]
    countries: dict[int, Country]

    def cut_to(self, window: Grid) -> StaticGrid:
        """Return the static grid of a part of its grid.

        Raises
        ------
        GridError
            If its grid does not hold all of the window.
        """
        if self.grid.same_as(window):
            return self
        part = part_of(self.grid, window)
        if part is None:
            problem = f"has another grid ({self.grid}) than the other files ({window})"
            expected = "expected the same cells, as many or more (regrid the file first)"
            raise GridError(self.path, f"{problem}; {expected}")
        cells = (part.rows[:, None] * self.grid.n_lon + part.columns).reshape(-1)
        return replace(
            self,
            grid=window,
            ice_water_fraction=self.ice_water_fraction[cells],
            potential_forest=self.potential_forest[cells],
            potential_biomass=self.potential_biomass[cells],
            country_code=self.country_code[cells],
        )


def open_static(where: str | xr.Dataset) -> StaticGrid:
    """Read a static grid.

    Parameters
    ----------
    where : str or xarray.Dataset
        A path or an address, or a dataset that the caller opened, which is not changed or closed.

    Returns
    -------
    StaticGrid

    Raises
    ------
    SourceError
        If the file is missing or unreadable, or lacks a variable.
    GridError
        If its coordinates are not a regular grid.
    BadValueError
        If a value is impossible: a fraction outside 0..1, a country code that is not an integer,
        infinity.

    Notes
    -----
    Its `carea` is not used (`area_ha` is the area that the emissions refer to), nor are its
    `lat_bounds` and `lon_bounds`, which in LUH2's file are half a cell off.
    """
    if not isinstance(where, str):
        return _read(name_of_dataset(where, STATIC), where)
    dataset = open_undecoded(where)
    try:
        return _read(where, dataset)
    finally:
        dataset.close()


def _read(path: str, dataset: xr.Dataset) -> StaticGrid:
    dims = find_dimensions(dataset, path, needs_time=False)
    grid, rows, columns = read_grid(dataset, dims, path)
    values = {}
    for variable in STATIC.variables:
        stored = _find(path, dataset, dims, variable)
        plane = read_plane(stored, path, variable.name, dims, rows, columns).reshape(-1)
        _check(path, variable.name, plane, grid)
        values[variable.name] = plane
    # Codes without a name stay, and are reported.
    codes = _country_codes(values["ccode"])
    used, cells = np.unique(codes[codes > 0], return_counts=True)
    known = countries(int(code) for code in used)
    unknown = {int(c): int(n) for c, n in zip(used, cells, strict=True) if int(c) not in known}
    return StaticGrid(
        path=path,
        grid=grid,
        attributes={str(key): value for key, value in dataset.attrs.items()},
        notices=_unknown_codes(path, unknown),
        ice_water_fraction=values["icwtr"],
        potential_forest=values["fstnf"],
        potential_biomass=values["ptbio"],
        country_code=codes,
        countries=known,
    )


def _find(path: str, dataset: xr.Dataset, dims: Dimensions, variable: Variable) -> xr.Variable:
    stored = dataset.variables.get(variable.name)
    if stored is None or not {dims.latitude, dims.longitude}.issubset(stored.dims):
        names = ", ".join(v.name for v in STATIC.variables)
        problem = "there is no such variable on (latitude, longitude)"
        expected = f"expected {names} of {STATIC.title} ({STATIC.file})"
        raise SourceError(path, f"{problem}; {expected}", variable.name)
    further = {d: n for d, n in stored.sizes.items() if d not in {dims.latitude, dims.longitude}}
    if any(size > 1 for size in further.values()):
        sizes = ", ".join(f"{name} {size}" for name, size in further.items())
        problem = f"has further dimensions ({sizes}); select one first"
        raise SourceError(path, problem, variable.name)
    if variable.name not in _WHOLE:
        require_unit(variable, stored.attrs.get("units"), path)
    return stored.isel(dict.fromkeys(further, 0))


def _check(path: str, name: str, plane: Float32, grid: Grid) -> None:
    """Raise on an impossible value, naming its place."""
    least, most = _LIMITS[name]
    bad = ~np.isnan(plane) & ~((plane >= least) & (plane <= most))
    expected = "expected 0 or more" if name == "ptbio" else "expected 0 to 1"
    if name in _WHOLE:
        bad |= ~np.isnan(plane) & (plane != np.round(plane))
        expected = f"expected whole numbers from 0 to {most:g}"
    if not np.any(bad):
        return
    cell = int(np.argmax(bad))
    raise BadValueError(
        path,
        f"is {plane[cell]:g} at {grid.place(cell)}; {expected}, or the value declared as "
        "missing: fetch the file again, or fix it",
        name,
    )


def _country_codes(plane: Float32) -> npt.NDArray[Any]:
    """Return codes as int16, 0 for none."""
    codes = np.nan_to_num(plane, nan=0.0).astype(np.int16)
    codes[np.isin(codes, list(NO_COUNTRY))] = 0
    codes[codes == ALASKA] = UNITED_STATES
    return codes


def _unknown_codes(path: str, unknown: dict[int, int]) -> tuple[str, ...]:
    if not unknown:
        return ()
    listed = ", ".join(f"{code} ({cells:,} cells)" for code, cells in unknown.items())
    return (f"{path}: ccode: no country has the code {listed}; it is stored without a name",)
