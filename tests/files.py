"""Small source files in every layout that the loader promises to understand.

The content is drawn first, in grid order (years ascending, north to south, west to east); a `Form`
says how it is written down. What a test expects comes from the content, never from the loader.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import cftime
import netCDF4
import numpy as np
import numpy.typing as npt

__all__ = [
    "FILLS",
    "FORMATS",
    "FRACTIONS",
    "GRIDS",
    "LONGITUDES",
    "NAMES",
    "NASTY_NAMES",
    "STATE_NAMES",
    "TIME_FORMS",
    "Content",
    "Form",
    "Place",
    "cell_area",
    "eluc_content",
    "state_content",
    "write",
]

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

FRACTIONS = (
    *("primf", "primn", "secdf", "secdn", "urban"),
    *("c3ann", "c4ann", "c3per", "c4per", "c3nfx", "pastr", "range"),
)
STATE_NAMES = (*FRACTIONS, "secmb", "secma")
NASTY_NAMES = ('x" int); drop table state; --', "select", "a b", "höhe über ½", "Index", "100%")

FileFormat = Literal[
    "NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"
]
FILL = np.float32(1e20)
OTHER_FILL = np.float32(-9999)


@dataclass(frozen=True)
class Place:
    """A grid in grid order: centres from north to south, and from west to east without a jump."""

    north: float
    west: float
    step_lat: float
    step_lon: float
    n_lat: int
    n_lon: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_lat, self.n_lon

    @property
    def lat(self) -> Float64:
        return np.asarray(self.north - self.step_lat * np.arange(self.n_lat), dtype=np.float64)

    @property
    def lon(self) -> Float64:
        """Longitudes in -180..180."""
        ahead = np.asarray(self.west + self.step_lon * np.arange(self.n_lon), dtype=np.float64)
        return (ahead + 180) % 360 - 180

    @property
    def is_global(self) -> bool:
        return self.n_lon * self.step_lon == 360


GRIDS = {
    "global": Place(75, -165, 30, 30, 6, 12),
    "finer": Place(82.5, -172.5, 15, 15, 12, 24),
    "centred on the date line": Place(75, -180, 30, 30, 6, 12),
    "region": Place(61.25, -8.75, 2.5, 2.5, 8, 9),
    "across the date line": Place(-32.5, 162.5, 5, 5, 6, 9),
}


@dataclass(frozen=True)
class Form:
    """How content is written down; the defaults are LUH2's own layout in small."""

    south_first: bool = False
    longitude: str = "west"
    order: tuple[str, str, str] = ("time", "lat", "lon")
    names: str = "short"
    format: FileFormat = "NETCDF4"
    chunks: tuple[int, int, int] | None = (1, 10**6, 10**6)
    deflate: bool = True
    shuffle: bool = True
    checksum: bool = False
    storage: str = "f4"
    fill: str = "both equal"
    time: str = "years since 850"
    unlimited: bool = False
    coordinate_type: str = "f8"
    noise: float = 0.0
    member: bool = False
    shuffled_years: bool = False
    bystanders: bool = False


FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
LONGITUDES = ("west", "positive", "descending", "positive descending", "rolled", "sorted")
NAMES = ("short", "long", "xy")
FILLS = (
    *("both equal", "_FillValue", "missing_value", "both", "NaN", "undeclared NaN"),
    *("_fillvalue", "other type"),
)


@dataclass(frozen=True)
class Content:
    """What a file holds, in grid order.

    Attributes
    ----------
    place : Place
    years : tuple of int, ascending
    values : mapping of str to float32, shape (years, n_lat, n_lon)
        NaN is missing.
    maps : mapping of str to float32, shape (n_lat, n_lon)
    """

    place: Place
    years: tuple[int, ...]
    values: Mapping[str, Float32]
    maps: Mapping[str, Float32] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


SPECIAL = np.array(
    [0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 1.0, -1.0, 3.4e18, -3.4e18, 0.1, 1e-30],
    dtype=np.float32,
)


def _some_special(rng: np.random.Generator, values: Float32, share: float) -> Float32:
    special = rng.choice(SPECIAL, values.shape)
    return np.where(rng.random(values.shape) < share, special, values).astype(np.float32)


def state_content(
    seed: int,
    place: Place,
    years: Sequence[int],
    *,
    names: Sequence[str] = STATE_NAMES,
    masks: str = "same",
) -> Content:
    """Random states; `masks` says where values are missing: same, by year, by variable,
    mixed, any, growing."""
    rng = np.random.default_rng(seed)
    shape = (len(years), *place.shape)
    outside = rng.random(place.shape) < 0.4
    values = {}
    late = rng.random(shape) < 0.3
    for name in names:
        drawn = _some_special(rng, rng.random(shape, dtype=np.float32), 0.05)
        missing = np.broadcast_to(outside, shape).copy()
        if masks in ("by year", "mixed"):
            missing |= late
        if masks in ("by variable", "mixed"):
            missing |= rng.random(place.shape) < 0.3
        elif masks == "any":
            missing = rng.random(shape) < 0.7
        elif masks == "growing":
            missing[1:] &= ~late[1:]
        values[name] = np.where(missing, np.float32(np.nan), drawn).astype(np.float32)
    return Content(place, tuple(years), values, attributes={"title": "States of a test"})


def eluc_content(
    seed: int,
    place: Place,
    years: Sequence[int],
    *,
    missing: float = 0.0,
    area: str = "given",
) -> Content:
    """Random emissions: most cells are 0 in all years, a few differ in a single year only."""
    rng = np.random.default_rng(seed)
    shape = (len(years), *place.shape)
    drawn = _some_special(rng, rng.normal(0, 3, shape).astype(np.float32), 0.05)
    busy = rng.random(place.shape) < 0.3
    seldom = (rng.random(place.shape) < 0.2) & (rng.random(shape) < 1 / len(years))
    zero = np.where(rng.random(shape) < 0.5, np.float32(0.0), np.float32(-0.0))
    values = np.where(busy | seldom, drawn, zero).astype(np.float32)
    values[rng.random(shape) < missing] = np.nan
    maps = {}
    if area != "absent":
        given = cell_area(place)[:, None] * rng.uniform(0.95, 1.05, place.shape)
        if area == "holes":
            given[rng.random(place.shape) < 0.3] = np.nan
        maps["cell_area"] = given.astype(np.float32)
    return Content(place, tuple(years), {"ELUC": values}, maps)


def cell_area(place: Place) -> Float64:
    """Area in hectares of a cell of each row, by the formula of the BLUE files."""
    north = np.minimum(place.lat + place.step_lat / 2, 90)
    south = np.maximum(place.lat - place.step_lat / 2, -90)
    band = np.sin(np.radians(north)) - np.sin(np.radians(south))
    area: Float64 = 6371.0**2 * np.radians(place.step_lon) * band * 100
    return area


UNITS = {
    "ELUC": "t C/ha/yr",
    "secmb": "kg m-2",
    "secma": "years",
    "cell_area": "ha",
    **dict.fromkeys(FRACTIONS, "1"),
}


def _days(years: Sequence[int], calendar: str, month: int, day: int, since: str) -> Float64:
    dates = [cftime.datetime(year, month, day, calendar=calendar) for year in years]
    return np.asarray(cftime.date2num(dates, since, calendar=calendar), dtype=np.float64)


def _calendar_days(
    calendar: str, since: str, month: int, day: int, years: Sequence[int]
) -> tuple[Any, dict[str, str]]:
    return _days(years, calendar, month, day, since), {"units": since, "calendar": calendar}


Axis = tuple[Any, dict[str, str]]


def _datetime_like(years: Sequence[int]) -> Axis:
    since = dt.datetime(1700, 1, 1)  # noqa: DTZ001  # netCDF times have no zone
    days = [(dt.datetime(year, 6, 15) - since).days for year in years]  # noqa: DTZ001
    return np.array(days, dtype=np.int64), {"units": "days since 1700-01-01 00:00:00"}


def _since_850(offset: float) -> Callable[[Sequence[int]], Axis]:
    attributes = {"units": "years since 850-01-01 0:0:0", "calendar": "365_day"}
    return lambda years: (np.array(years, dtype=np.float64) - 850 + offset, attributes)


TIME_FORMS: dict[str, Callable[[Sequence[int]], Axis]] = {
    "years since 850": _since_850(0),
    "middle of years since 850": _since_850(0.5),
    "noisy years since 850": _since_850(-1e-5),
    "years since the middle of 1800": lambda years: (
        np.array(years, dtype=np.int32) - 1800,
        {"units": "years since 1800-07-01"},
    ),
    "bare": lambda years: (np.array(years, dtype=np.int32), {}),
    "bare float": lambda years: (np.array(years, dtype=np.float64), {}),
    "units of year": lambda years: (np.array(years, dtype=np.int16), {"units": "year"}),
    "days of noleap": partial(_calendar_days, "noleap", "days since 850-01-01", 1, 1),
    "days of 360_day": partial(_calendar_days, "360_day", "days since 850-01-01 00:00:00", 12, 30),
    "days of standard": partial(_calendar_days, "standard", "days since 1800-01-01", 7, 2),
    "days of gregorian from before 1582": partial(
        _calendar_days, "gregorian", "days since 0850-01-01", 1, 1
    ),
    "days of proleptic": partial(
        _calendar_days, "proleptic_gregorian", "days since 850-01-01", 12, 31
    ),
    "days of julian": partial(_calendar_days, "julian", "days since 1700-03-01", 1, 1),
    "days of all_leap": partial(_calendar_days, "all_leap", "days since 1700-01-01", 2, 29),
    "hours": partial(_calendar_days, "standard", "hours since 1800-01-01 12:00", 12, 31),
    "seconds": partial(_calendar_days, "noleap", "seconds since 1850-01-01", 1, 1),
    "datetime-like": _datetime_like,
    "day as number": lambda years: (
        np.array(years, dtype=np.float64) * 1e4 + 701.5,
        {"units": "day as %Y%m%d.%f"},
    ),
}
"""Numbers and attributes that stand for calendar years."""

_DIMENSIONS = {
    "short": {"time": "time", "lat": "lat", "lon": "lon"},
    "long": {"time": "time", "lat": "Latitude", "lon": "Longitude"},
    "xy": {"time": "t", "lat": "y", "lon": "x"},
}


def write(path: Path, content: Content, form: Form, seed: int = 0) -> Path:
    """Write content in a form."""
    rng = np.random.default_rng(seed)
    place = content.place
    names = _DIMENSIONS[form.names]
    steps = np.arange(len(content.years))
    if form.shuffled_years:
        steps = rng.permutation(steps)
    rows = np.arange(place.n_lat)[:: -1 if form.south_first else 1]
    columns, longitude = _file_longitude(place, form.longitude)
    latitude = place.lat[rows]
    with netCDF4.Dataset(path, "w", format=form.format) as file:
        file.setncatts(dict(content.attributes))
        sizes = {"time": len(steps), "lat": place.n_lat, "lon": place.n_lon}
        for axis, size in sizes.items():
            file.createDimension(names[axis], None if axis == "time" and form.unlimited else size)
        if form.member:
            file.createDimension("member", 1)
        numbers, attributes = TIME_FORMS[form.time]([content.years[step] for step in steps])
        if form.format != "NETCDF4" and numbers.dtype == np.int64:
            numbers = numbers.astype(np.float64)
        axis_variable = file.createVariable(names["time"], numbers.dtype, (names["time"],))
        axis_variable.setncatts(attributes)
        axis_variable[:] = numbers
        for axis, centres in (("lat", latitude), ("lon", longitude)):
            noisy = centres + rng.uniform(-form.noise, form.noise, centres.shape)
            coordinate = file.createVariable(names[axis], form.coordinate_type, (names[axis],))
            coordinate.setncatts(_coordinate_attributes(axis, form.names))
            coordinate[:] = noisy.astype(form.coordinate_type)
        for name, values in content.values.items():
            moved = values[steps][:, rows][:, :, columns]
            _write_values(file, name, moved, form, names, rng)
        for name, values in content.maps.items():
            target = file.createVariable(name, "f4", (names["lat"], names["lon"]), fill_value=False)
            target.units = UNITS.get(name, "1")
            target[:] = values[rows][:, columns]
        if form.bystanders:
            _write_bystanders(file, names)
    return path


def _file_longitude(place: Place, form: str) -> tuple[npt.NDArray[np.intp], Float64]:
    """Return which grid column stands at each file column, and the longitudes in the file."""
    columns = np.arange(place.n_lon)
    ahead = np.asarray(place.west + place.step_lon * columns, dtype=np.float64)
    wrapped, positive = place.lon, ahead % 360
    forms = {
        "west": (columns, ahead),
        "descending": (columns[::-1], ahead),
        "positive": (np.argsort(positive), positive),
        "positive descending": (np.argsort(-positive), positive),
        "sorted": (np.argsort(wrapped), wrapped),
        "rolled": (np.roll(columns, 5), wrapped) if place.is_global else (columns, positive),
    }
    order, longitude = forms[form]
    return order, longitude[order]


def _coordinate_attributes(axis: str, names: str) -> dict[str, str]:
    if names == "xy":
        standard = {"lat": "latitude", "lon": "longitude"}[axis]
        return {"standard_name": standard, "units": "degrees"}
    return {"units": {"lat": "degrees_north", "lon": "degrees_east"}[axis]}


def _write_values(
    file: netCDF4.Dataset,
    name: str,
    values: Float32,
    form: Form,
    names: dict[str, str],
    rng: np.random.Generator,
) -> None:
    axes = ("time", "lat", "lon")
    order = [axes.index(axis) for axis in form.order]
    dims = [names[axis] for axis in form.order]
    stored, attributes, fill = _stored(values, form, rng)
    stored = np.transpose(stored, order)
    big = form.storage.startswith(">")
    options: dict[str, Any] = {"fill_value": False, "endian": "big" if big else "native"}
    if form.format.startswith("NETCDF4"):
        if form.chunks is None and not form.unlimited:
            options["contiguous"] = True
        else:
            wanted = form.chunks or (1, 10**6, 10**6)
            options["chunksizes"] = [
                min(wanted[k], size) for k, size in zip(order, stored.shape, strict=True)
            ]
            options |= {"zlib": form.deflate, "complevel": 4}
            options |= {"shuffle": form.shuffle, "fletcher32": form.checksum}
    if form.member:
        dims.insert(1, "member")
        stored = np.expand_dims(stored, 1)
        if "chunksizes" in options:
            options["chunksizes"].insert(1, 1)
    if fill is not None:
        options["fill_value"] = fill
    variable = file.createVariable(name, form.storage, dims, **options)
    variable.set_auto_maskandscale(False)
    variable.units = UNITS.get(name, "m s-1")
    variable.long_name = f"{name} of a test"
    variable.setncatts(attributes)
    variable[:] = stored


def _stored(
    values: Float32, form: Form, rng: np.random.Generator
) -> tuple[npt.NDArray[Any], dict[str, Any], Any]:
    """Return the numbers to write, the attributes beside them, and the netCDF fill value."""
    kind = np.dtype(form.storage)
    missing = np.isnan(values)
    if kind.kind == "i":
        attributes: dict[str, Any] = {}
        if kind.itemsize == 2:
            attributes = {"scale_factor": np.float32(1e-4), "add_offset": np.float32(0.25)}
            stored = np.rint(np.clip(np.nan_to_num(values), -1, 1) * 1e4).astype(kind)
        else:
            stored = np.rint(np.clip(np.nan_to_num(values), -1, 1) * 2**31 * 0.9).astype(kind)
        code = kind.type(np.iinfo(kind).min)
        return np.where(missing, code, stored).astype(kind), attributes, code
    # Doubles that are no float32 have to be rounded to the nearest one.
    stored = values.astype(kind) * kind.type(1 if kind.itemsize == 4 else 1 + 1e-9)
    fill, other = kind.type(FILL), kind.type(OTHER_FILL)
    either = np.where(rng.random(values.shape) < 0.5, fill, other)
    wide = np.float32(1e20) if kind.itemsize == 8 else np.float64(1e20)
    forms: dict[str, tuple[Any, dict[str, Any], Any]] = {
        "both equal": (fill, {"missing_value": fill}, fill),
        "_FillValue": (fill, {}, fill),
        "missing_value": (other, {"missing_value": other}, None),
        "both": (either, {"missing_value": other}, fill),
        "NaN": (stored, {}, kind.type(np.nan)),
        "undeclared NaN": (stored, {}, None),
        "_fillvalue": (fill, {"_fillvalue": fill}, None),
        "other type": (fill, {"missing_value": wide}, None),
    }
    code, attributes, declared = forms[form.fill]
    return np.where(missing, code, stored).astype(kind), attributes, declared


def _write_bystanders(file: netCDF4.Dataset, names: dict[str, str]) -> None:
    """Write what stands in real files beside the data, and must not disturb."""
    file.createDimension("bnds", 2)
    bounds = file.createVariable(f"{names['time']}_bnds", "f8", (names["time"], "bnds"))
    bounds[:] = 0
    crs = file.createVariable("crs", "i4", ())
    crs.grid_mapping_name = "latitude_longitude"
    edges = file.createVariable("lat_bounds", "f8", (names["lat"], "bnds"))
    edges[:] = np.nan
    text = file.createVariable("note", "S1", ("bnds",))
    text[:] = np.array([b"a", b"b"])
