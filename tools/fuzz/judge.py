"""Load a file with luc-load and with xarray, and compare every cell."""

from __future__ import annotations

import re
import warnings
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import xarray as xr

from loader import build
from loader.errors import LucLoadError
from loader.reading.blocks import BlockReader, CellRule
from loader.reading.plan import plan_blocks
from loader.reading.recognition import open_source
from loader.schema import SOURCES
from tools.fuzz.files import STATES, UnwritableError, write
from tools.fuzz.recipes import Recipe, draw_recipe

__all__ = ["Verdict", "judge_file"]

Array = np.ndarray[Any, np.dtype[Any]]

_BUDGETS = (400, 10**8)
_EXIT_CODE = 3


@dataclass(frozen=True)
class Verdict:
    """What became of an input.

    Attributes
    ----------
    outcome : {"loaded", "rejected", "unwritable", "not damaged", "damage found", "WRONG"}
    reason : str
        What luc-load said, or what is wrong.
    """

    outcome: str
    reason: str = ""


@dataclass(frozen=True)
class _Cube:
    """Values by year, latitude and longitude, as labels say."""

    years: tuple[int, ...]
    lat: Array
    lon: Array
    values: dict[str, Array]


def judge_file(seed: int, folder: Path, form: str | None = None) -> Verdict:
    """Make the file of a seed, load it and compare.

    Parameters
    ----------
    seed : int
        Every fiftieth input is a whole build; the others are read without a database.
    folder : pathlib.Path
        Empty, for the files.
    form : str, optional
        "netcdf" or "zarr"; drawn if not given.
    """
    recipe = draw_recipe(seed, form)
    try:
        path = write(recipe, folder)
    except UnwritableError as error:
        return Verdict("unwritable", str(error))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = (_built if seed % 50 == 0 else _read)(recipe, path)
    except LucLoadError as error:
        return _judge_rejection(recipe, error)
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        return Verdict("WRONG", f"{type(error).__name__}: {error}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = _xarray(recipe, path, tuple(loaded.values))
    except Exception as error:  # noqa: BLE001
        return Verdict("WRONG", f"loaded, but xarray says {type(error).__name__}: {error}")
    problem = _difference(expected, loaded)
    if problem and recipe["damage"] and _is_as_written(recipe, folder, loaded):
        # Where HDF5 does not find a chunk in a damaged index, it returns whatever is in memory.
        return Verdict("loaded")
    return Verdict("WRONG", problem) if problem else Verdict("loaded")


def _is_as_written(recipe: Recipe, folder: Path, loaded: _Cube) -> bool:
    """Return whether a damaged file was loaded as it was before the damage."""
    whole = replace(recipe, choices=recipe.choices | {"damage": None})
    (folder / "undamaged").mkdir()
    path = write(whole, folder / "undamaged")
    return _difference(_xarray(whole, path, tuple(loaded.values)), loaded) is None


def _judge_rejection(recipe: Recipe, error: LucLoadError) -> Verdict:
    text = str(error)
    if error.exit_code != _EXIT_CODE:
        return Verdict("WRONG", f"exit code {error.exit_code}: {text}")
    if "\n" in text or len(text) > 1500:
        return Verdict("WRONG", f"not one line: {text!r}")
    if not recipe.odd:
        return Verdict("WRONG", f"a plain file was rejected: {text}")
    return Verdict("rejected", text)


def _read(recipe: Recipe, path: Path) -> _Cube:
    """Read a file with luc-load, without a database."""
    source = open_source(SOURCES[recipe.source], str(path))
    with closing(source):
        grid, years = source.grid, [int(year) for year in source.years]
        columns = [variable.column for variable in source.variables]
        shape = (len(years), grid.n_cells)
        values = {name: np.full(shape, np.float32(-12345)) for name in columns}
        everywhere = np.ones(grid.n_cells, dtype=np.bool_)
        rule = CellRule(stored=everywhere, keep_empty=True)
        reader = BlockReader(source, rule)
        budget = _BUDGETS[recipe.seed % len(_BUDGETS)]
        for block in plan_blocks(source, grid.n_cells, budget, most_years=2):
            rows = reader.read(block, everywhere)
            at = [years.index(int(year)) for year in rows.year]
            for name in columns:
                values[name][at, rows.cell_id] = rows.values[name]
        names = {variable.column: variable.name for variable in source.variables}
        planes = {
            names[k]: v.reshape(len(years), grid.n_lat, grid.n_lon) for k, v in values.items()
        }
        return _Cube(tuple(years), grid.latitude, grid.longitude, planes)


def _built(recipe: Recipe, path: Path) -> _Cube:
    """Build a database of a file, and read it back."""
    out = path.parent / "out"
    given: dict[str, Any] = {recipe.source: str(path)}
    try:
        build(out=out, cells="all", **given)
    except LucLoadError:
        assert not out.exists(), f"{out} was left behind"
        raise
    table = SOURCES[recipe.source].table
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        cells = con.execute("SELECT lat, lon FROM cell ORDER BY cell_id").fetchnumpy()
        years = [int(row[0]) for row in con.execute("SELECT year FROM year ORDER BY 1").fetchall()]
        rows = con.execute(f'FROM "{table}" ORDER BY year, cell_id').fetchnumpy()
    n_lon = len(np.unique(cells["lon"]))
    lat = np.asarray(cells["lat"])[::n_lon]
    lon = np.asarray(cells["lon"])[:n_lon]
    values = {
        name: np.ma.filled(np.ma.asarray(column), np.float32(np.nan)).reshape(
            len(years), len(lat), len(lon)
        )
        for name, column in rows.items()
        if name not in {"cell_id", "year"}
    }
    originals = {name.lower(): name for name in ("ELUC", "PRIMF", *STATES)}
    return _Cube(
        tuple(years), lat, lon, {originals.get(name, name): v for name, v in values.items()}
    )


def _xarray(recipe: Recipe, path: Path, names: tuple[str, ...]) -> _Cube:
    """Read the same with xarray: what it decodes is right."""
    engine: Any = "zarr" if path.is_dir() else "netcdf4"
    with xr.open_dataset(path, decode_times=False, engine=engine, decode_coords=False) as opened:
        dataset = opened.load()
    time = recipe["time_name"]
    lat, lon = recipe["axis_names"]
    values = {}
    for name in names:
        array = dataset[name]
        if "member" in array.dims:
            array = array.squeeze("member")
        values[name] = array.transpose(time, lat, lon).to_numpy().astype(np.float32)
    # Numbers that are written as text are numbers.
    latitude, longitude = (dataset[name].to_numpy().astype(np.float64) for name in (lat, lon))
    return _Cube(_years(dataset[time]), latitude, longitude, values)


def _years(time: xr.DataArray) -> tuple[int, ...]:
    units = str(time.attrs.get("units", ""))
    numbers = time.to_numpy().astype(np.float64)
    if found := re.match(r"(?:common_)?years since (\d+)", units):
        return tuple(round(int(found[1]) + number) for number in numbers)
    if units.startswith("day as"):
        return tuple(int(number // 10000) for number in numbers)
    if not units:
        return tuple(round(number) for number in numbers)
    decoded = xr.decode_cf(
        xr.Dataset(coords={"time": ("time", numbers, time.attrs)}),
        decode_times=xr.coders.CFDatetimeCoder(use_cftime=True),
    )
    return tuple(int(date.year) for date in decoded.time.to_numpy())


def _difference(expected: _Cube, loaded: _Cube) -> str | None:
    """Return the first thing in which two cubes differ, by label."""
    if sorted(expected.years) != sorted(loaded.years):
        return f"years {loaded.years}, xarray has {expected.years}"
    if len(expected.lat) != len(loaded.lat) or len(expected.lon) != len(loaded.lon):
        return f"{len(loaded.lat)} x {len(loaded.lon)} cells, xarray has another number"
    rows = [int(np.argmin(np.abs(loaded.lat - value))) for value in expected.lat]
    around = [np.abs((loaded.lon - value + 180) % 360 - 180) for value in expected.lon]
    columns = [int(np.argmin(distance)) for distance in around]
    distances = [*np.abs(loaded.lat[rows] - expected.lat), *(each.min() for each in around)]
    off = float(np.max(distances))
    if not off < 1e-3 or len(set(rows)) < len(rows) or len(set(columns)) < len(columns):
        return f"coordinates that are {off:g} degrees off"
    steps = [loaded.years.index(year) for year in expected.years]
    for name, values in expected.values.items():
        found = loaded.values[name][steps][:, rows][:, :, columns]
        # A fill that the file declares in another type is missing; so xarray leaves it.
        same = (found == values) | (np.isnan(found) & (np.isnan(values) | (np.abs(values) > 1e19)))
        if not same.all():
            at = tuple(int(k) for k in np.argwhere(~same)[0])
            return f"{name} at {at}: {found[at]!r}, xarray has {values[at]!r}"
    return None
