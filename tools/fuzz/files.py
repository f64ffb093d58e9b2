"""Write a gridded file as its recipe says."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import cftime
import netCDF4
import numpy as np
import xarray as xr

from tools.fuzz.recipes import Recipe

__all__ = ["STATES", "UnwritableError", "write"]

STATES = (
    *("primf", "primn", "secdf", "secdn", "urban", "pastr", "range"),
    *("c3ann", "c4ann", "c3per", "c4per", "c3nfx"),
)

Array = np.ndarray[Any, np.dtype[Any]]


class UnwritableError(Exception):
    """The libraries cannot write what the recipe says."""


def write(recipe: Recipe, folder: Path) -> Path:
    """Write the file of a recipe.

    Parameters
    ----------
    recipe : Recipe
    folder : pathlib.Path
        Exists.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    UnwritableError
        If that is not possible.
    """
    path = folder / f"{recipe.source}-{recipe.seed}.nc"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _write_netcdf(recipe, path)
        if recipe.form == "zarr":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                path = _as_zarr(recipe, path)
    except (OverflowError, RuntimeError, TypeError, ValueError, AttributeError, OSError) as error:
        raise UnwritableError(f"{type(error).__name__}: {error}") from error
    _damage(recipe, path)
    return path


def _write_netcdf(recipe: Recipe, path: Path) -> None:
    rng = np.random.default_rng(recipe.seed)
    kind = recipe["format"] if recipe.form == "netcdf" else "NETCDF4"
    with netCDF4.Dataset(path, "w", format=kind) as root:  # type: ignore[arg-type]
        root.set_fill_off()
        file = root.createGroup("inner") if recipe["global"] == "group" and "4" in kind else root
        names = {
            "t": recipe["time_name"],
            "y": recipe["axis_names"][0],
            "x": recipe["axis_names"][1],
        }
        lat, lon = _latitudes(recipe, rng), _longitudes(recipe, rng)
        time, attributes = _times(recipe, rng)
        for axis, values in (("t", time), ("y", lat), ("x", lon)):
            file.createDimension(names[axis], len(values))
        _write_axis(file, recipe, names["y"], lat, "lat")
        _write_axis(file, recipe, names["x"], lon, "lon")
        _write_time(file, recipe, names["t"], time, attributes)
        dims = [names[axis] for axis in recipe["order"]]
        if recipe["extra_dimension"]:
            file.createDimension("member", 1 if recipe["extra_dimension"] == "one" else 2)
            dims.insert(rng.integers(len(dims) + 1), "member")
        shape = tuple(file.dimensions[name].size for name in dims)
        for number, name in enumerate(_variables(recipe)):
            content = _content(recipe, shape, rng, number)
            _write_variable(file, recipe, name, dims, content, rng)
        _write_bystanders(file, recipe, names)


def _latitudes(recipe: Recipe, rng: np.random.Generator) -> Array:
    values = recipe["north"] - recipe["step"] * np.arange(recipe["n_lat"], dtype="f8")
    values = values + recipe["noise"] * rng.uniform(-1, 1, len(values))
    if recipe["south_first"]:
        values = values[::-1]
    if recipe["axis_units"] == "radians":
        values = np.deg2rad(values)
    return _damaged_axis(recipe, np.array(values), rng)


def _longitudes(recipe: Recipe, rng: np.random.Generator) -> Array:
    values = recipe["west"] + recipe["step"] * np.arange(recipe["n_lon"], dtype="f8")
    if recipe["longitudes"] == "positive":
        is_global = recipe["n_lon"] * recipe["step"] == 360
        # A region across Greenwich continues east of 360, as CDO writes it.
        values = np.sort(values % 360) if is_global else values + 360 * (values[0] < 0)
    elif recipe["longitudes"] == "descending":
        values = values[::-1]
    elif recipe["longitudes"] == "shuffled":
        values = rng.permutation(values)
    return np.array(values)


def _damaged_axis(recipe: Recipe, values: Array, rng: np.random.Generator) -> Array:
    at = int(rng.integers(len(values)))
    damage = recipe["axis_damage"]
    if damage in {"nan", "infinite"}:
        values[at] = np.nan if damage == "nan" else np.inf
    elif damage == "duplicate":
        values[at] = values[at - 1]
    elif damage == "out_of_range":
        values += 120
    elif damage == "unsorted":
        values = rng.permutation(values)
    return values


def _write_axis(file: netCDF4.Dataset, recipe: Recipe, name: str, values: Array, axis: str) -> None:
    if recipe["axis_damage"] == "missing" and axis == "lat":
        return
    packing, kind = recipe["axis_packing"], recipe["axis_type"]
    if kind == "text":
        variable = file.createVariable(name, str, (name,))
        variable[:] = np.array([str(value) for value in values], object)
        return
    if packing is not None:
        # Half steps from the first centre: exact for every regular axis.
        scale, offset = recipe["step"] / 2, recipe["north" if axis == "lat" else "west"]
        with np.errstate(all="ignore"):
            values = np.rint((values - offset) / scale)
        kind = "i4"
        scale = {"zero": 0.0, "nan": np.nan}.get(packing, scale)
    if kind == "f2":
        kind = "f4"
        values = values.astype("f2")
    fill = values[0] if recipe["axis_damage"] == "fill" else False
    with np.errstate(all="ignore"):
        stored = np.rint(values).astype(kind) if kind[0] == "i" else values.astype(kind)
    variable = file.createVariable(
        name, kind, (name,), fill_value=stored[0] if fill is not False else False
    )
    variable.set_auto_maskandscale(False)
    variable[:] = stored
    if packing is not None:
        variable.scale_factor, variable.add_offset = np.float64(scale), np.float64(offset)
    units = {"lat": "degrees_north", "lon": "degrees_east"}[axis]
    if recipe["axis_units"] is not None:
        variable.units = units if recipe["axis_units"] == "degrees" else recipe["axis_units"]
    if name in {"y", "x"}:
        variable.standard_name = {"lat": "latitude", "lon": "longitude"}[axis]


_TIME_UNITS = {
    "years": "years since 850-01-01 0:0:0",
    "float years": "years since 850-01-01",
    "noleap": "days since 850-01-01",
    "gregorian": "days since 1850-01-01",
    "360_day": "days since 850-01-01",
    "hours": "hours since 1900-01-01 00:00:00",
    "months": "months since 1850-01-01",
    "nonsense": "parsecs since yesterday",
    "unknown calendar": "days since 1850-01-01",
    "common": "common_years since 850-01-01",
    "absolute": "day as %Y%m%d.%f",
    "huge": "days since 1850-01-01",
}


def _times(recipe: Recipe, rng: np.random.Generator) -> tuple[Array, dict[str, Any]]:
    years = np.array(recipe["years"], dtype="f8")
    order = recipe["time_order"]
    if order == "shuffled":
        years = rng.permutation(years)
    elif order == "duplicate":
        years = np.append(years, years[0])
    elif order == "gap":
        years = np.append(years, years[-1] + 5)
    return _encoded_times(recipe, years)


def _encoded_times(recipe: Recipe, years: Array) -> tuple[Array, dict[str, Any]]:
    """Return the numbers and attributes of a time axis."""
    form = recipe["time"]
    attributes: dict[str, Any] = {"units": _TIME_UNITS[form]} if form in _TIME_UNITS else {}
    if form == "index":
        return np.arange(len(years), dtype="f8"), {}
    if form in {"bare", "nonsense"}:
        return years, attributes
    if form in {"years", "float years", "common"}:
        shift = 0.0004 if form == "float years" else 0.0
        return years - 850 + shift, {**attributes, "calendar": "365_day"}
    if form == "absolute":
        return years * 10000 + 101, attributes
    if form == "months":
        return (years - 1850) * 12, attributes
    calendar = {"noleap": "noleap", "360_day": "360_day", "hours": "standard"}.get(form, "standard")
    dates = [cftime.datetime(int(year), 7, 1, calendar=calendar) for year in years]
    if recipe["time_order"] == "twice a year":
        dates.append(cftime.datetime(int(years[0]), 2, 1, calendar=calendar))
    values = np.array(cftime.date2num(dates, attributes["units"], calendar), dtype="f8")
    if form == "huge":
        values += 1e12
    named = "martian" if form == "unknown calendar" else calendar
    return values, {**attributes, "calendar": named}


def _write_time(
    file: netCDF4.Dataset, recipe: Recipe, name: str, values: Array, attributes: dict[str, Any]
) -> None:
    kind, packing = recipe["time_type"], recipe["time_packing"]
    if packing is not None:
        with np.errstate(all="ignore"):
            values = (values - packing[1]) / packing[0]
    stored = np.rint(values).astype(kind) if kind[0] in "iu" else values.astype(kind)
    fill: Any = {"declared": -999 if kind[0] != "u" else 7, "equal": stored[-1]}.get(
        recipe["time_fill"], False
    )
    variable = file.createVariable(name, kind, (name,), fill_value=fill)
    variable.set_auto_maskandscale(False)
    variable[:] = stored
    variable.setncatts(attributes)
    if packing is not None:
        variable.scale_factor, variable.add_offset = map(np.float64, packing)


def _variables(recipe: Recipe) -> list[str]:
    names = ["ELUC"] if recipe.source == "eluc" else list(STATES)
    extra = {
        "float": "wind",
        "pltns": "pltns",
        "primf_again": "PRIMF",
        "injection": 'x" int); drop table state; --',
    }.get(recipe["extra"])
    if recipe["global"] == "no_variable":
        names = names[1:] or ["other"]
    return [*names, extra] if extra and recipe.source == "states" else names


def _content(
    recipe: Recipe, shape: tuple[int, ...], rng: np.random.Generator, number: int
) -> Array:
    """Return the values that the file is meant to hold; NaN is missing."""
    values = rng.uniform(0, 0.08, shape)
    content = recipe["content"]
    if content == "zeros":
        values[rng.random(shape) < 0.6] = 0
    elif content == "tiny":
        values *= 1e-6
    elif content == "infinite":
        values.reshape(-1)[0] = np.inf
    elif content == "undeclared":
        values.reshape(-1)[-1] = 1e20
    elif content == "huge":
        values *= 1e30
    if content == "empty" and number == 0:
        values[:] = np.nan
    elif content != "full":
        # The same cells in every variable, as sea is.
        mask = np.random.default_rng(recipe.seed + 1).random(shape) < 0.3
        values[mask] = np.nan
    return values


def _write_variable(
    file: netCDF4.Dataset,
    recipe: Recipe,
    name: str,
    dims: list[str],
    content: Array,
    rng: np.random.Generator,
) -> None:
    kind = recipe["type"]
    if recipe["global"] == "text_variable":
        kind = "S1"
    plain, endian = kind.lstrip("<>"), "big" if kind.startswith(">") else "native"
    if plain == "f2":
        plain, content = "f4", content.astype("f2").astype("f8")
    fill = _fill(recipe, plain)
    stored = _encoded(recipe, plain, content, fill)
    options: dict[str, Any] = {"fill_value": False if fill is None else fill, "endian": endian}
    if file.data_model.startswith("NETCDF4"):
        if recipe["chunks"] is not None:
            sizes = [recipe["chunks"][min(k, 2)] for k in range(len(dims))]
            options["chunksizes"] = [
                min(size, length) for size, length in zip(sizes, content.shape, strict=True)
            ]
        if recipe["compression"] and plain != "S1":
            options |= {"zlib": True, "shuffle": recipe["compression"] == "shuffle"}
            options["fletcher32"] = recipe["compression"] == "fletcher32"
    elif endian == "big":
        options["endian"] = "native"
    variable = file.createVariable(name, plain, dims, **options)
    variable.set_auto_maskandscale(False)
    variable[:] = stored
    _describe(variable, recipe, plain, fill, rng)


def _encoded(recipe: Recipe, kind: str, content: Array, fill: Any) -> Array:  # noqa: ANN401
    """Return what is stored for values: packed, and the fill where they are missing."""
    if kind == "S1":
        return np.full(content.shape, b"x", "S1")
    packing, numbers = recipe["packing"], content
    if packing is not None and not isinstance(packing[0], str) and packing[0]:
        numbers = (content - (packing[1] or 0)) / packing[0]
    with np.errstate(all="ignore"):
        if kind[0] in "iu":
            limits = np.iinfo(kind)
            whole = np.rint(np.clip(np.nan_to_num(numbers), limits.min + 2, limits.max - 2))
            stored = np.asarray(whole.astype(kind))
        else:
            stored = np.asarray(numbers.astype(kind))
        if fill is not None:
            stored[np.isnan(content)] = fill
    return stored


def _fill(recipe: Recipe, kind: str) -> Any:  # noqa: ANN401  # a number of any type, or text
    choice = recipe["fill"]
    if choice is None or kind == "S1":
        return None
    if kind[0] in "iu":
        limits = np.iinfo(kind)
        return {"low": limits.min, "high": limits.max}.get(choice)
    if choice == "nan":
        return np.dtype(kind).type(np.nan)
    return np.dtype(kind).type(choice) if isinstance(choice, float) else None


def _describe(
    variable: Any,  # noqa: ANN401  # of netCDF4
    recipe: Recipe,
    kind: str,
    fill: Any,  # noqa: ANN401
    rng: np.random.Generator,
) -> None:
    if recipe["units"] is not None:
        variable.units = recipe["units"]
    packing = recipe["packing"]
    if packing is not None and kind != "S1":
        as_type = np.dtype(recipe["packing_type"]).type
        scale = packing[0] if isinstance(packing[0], str) else as_type(packing[0])
        variable.scale_factor = scale
        if packing[1] is not None:
            variable.add_offset = as_type(packing[1])
    if recipe["unsigned"]:
        variable.setncattr("_Unsigned", recipe["unsigned"])
    _describe_missing(variable, recipe, kind, fill)
    if recipe["valid"] == "range":
        variable.valid_range = np.array([0, 0.05], dtype="f4")
    elif recipe["valid"] == "max":
        variable.valid_max = np.float32(0.05)
    elif recipe["valid"] == "text":
        variable.valid_range = "0 to 1"
    variable.long_name = f"drawn {rng.integers(1000)}"


def _describe_missing(variable: Any, recipe: Recipe, kind: str, fill: Any) -> None:  # noqa: ANN401
    if recipe["fill"] == "impossible":
        variable.missing_value = np.float64(1e20)
    elif recipe["fill"] == "text":
        variable.missing_value = "-999"
    missing = {
        "same": fill,
        "other": np.dtype(kind).type(5) if kind != "S1" else None,
        "wide": np.float64(1e20),
        "vector": np.array([1, 2], dtype="i4"),
    }.get(recipe["missing_value"])
    if missing is not None and recipe["fill"] not in {"impossible", "text"}:
        variable.missing_value = missing


def _write_bystanders(file: netCDF4.Dataset, recipe: Recipe, names: dict[str, str]) -> None:
    if recipe["global"] == "rotated":
        crs = file.createVariable("crs", "i4", ())
        crs.grid_mapping_name = "rotated_latitude_longitude"
        for name in _variables(recipe):
            file.variables[name].grid_mapping = "crs"
    elif recipe["global"] == "two_dimensional":
        plane = file.createVariable("lat2d", "f8", (names["y"], names["x"]))
        plane.standard_name = "latitude"
        plane.units = "degrees_north"
        plane[:] = 0
        for name in _variables(recipe):
            file.variables[name].coordinates = "lat2d"
    if recipe["extra"] == "other_grid":
        file.createDimension("other", 3)
        file.createVariable("elsewhere", "f4", ("other",))[:] = 1


def _as_zarr(recipe: Recipe, path: Path) -> Path:
    store = path.with_suffix(".zarr")
    with xr.open_dataset(path, decode_cf=False) as file:
        whole = file.load()
        for variable in whole.variables.values():
            fill = variable.attrs.pop("_FillValue", None)
            variable.encoding = {} if fill is None else {"_FillValue": fill}
        version = int(recipe["format"][-1])
        is_consolidated = recipe.seed % 2 == 0
        whole.to_zarr(
            store, zarr_format=version, consolidated=is_consolidated, write_empty_chunks=True
        )
    path.unlink()
    return store


def _damage(recipe: Recipe, path: Path) -> None:
    """Damage the bytes of a file, or of one file of a store."""
    damage = recipe["damage"]
    if damage is None:
        return
    rng = random.Random(recipe.seed + 2)
    if path.is_dir():
        path = rng.choice(sorted(one for one in path.rglob("*") if one.is_file()))
    data = bytearray(path.read_bytes())
    if damage == "truncated":
        del data[rng.randrange(len(data)) :]
    elif damage == "flipped":
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif damage == "appended":
        data += rng.randbytes(rng.randrange(1, 100))
    else:
        start = rng.randrange(len(data))
        data[start : start + 64] = bytes(len(data[start : start + 64]))
    path.write_bytes(data)
