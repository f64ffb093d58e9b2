"""What a build must hold, computed from the contract the slow, obvious way: dense arrays.

Every table and view is worked out on arrays of (year, cell) with NumPy alone; nothing of the loader
is used. `differences` compares a finished output with it to the last bit.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.util
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as pds
import xarray as xr
from files import FRACTIONS, GRIDS, Content, Form, Place, cell_area

__all__ = ["Expected", "differences", "land", "mask_archive", "read_by_xarray"]

Array = npt.NDArray[Any]
Columns = dict[str, Any]
KEYS = ("cell_id", "year")
USES = (*FRACTIONS, "crop", "forest")

SIGN_OF_ZERO_IS_LOST = int(duckdb.__version__.split(".")[0]) < 2
"""DuckDB before 2.0 stores -0.0 as 0.0 where it compresses a run of them."""


def read_by_xarray(path: Path, content: Content, form: Form) -> Content:
    """Return the content of a file as xarray reads it, put in grid order by its labels."""
    place = content.place
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = "netcdf4" if form.format == "NETCDF3_64BIT_DATA" else None
        opened = xr.open_dataset(path, decode_times=False, engine=engine)
        with opened as file:
            dataset = file.load()
    lat, lon, time = (
        next(name for name in names if name in dataset.dims)
        for names in (("lat", "Latitude", "y"), ("lon", "Longitude", "x"), ("time", "t"))
    )
    rows = [int(np.argmin(np.abs(dataset[lat].to_numpy() - want))) for want in place.lat]
    around = [np.abs((dataset[lon].to_numpy() - want + 180) % 360 - 180) for want in place.lon]
    columns = [int(np.argmin(distance)) for distance in around]
    steps = np.argsort(dataset[time].to_numpy())
    values = {}
    for name in content.values:
        array = dataset[name].squeeze("member") if form.member else dataset[name]
        chosen = array.transpose(time, lat, lon).to_numpy()[steps][:, rows][:, :, columns]
        # What xarray leaves: attributes in lower case, or of another type than the variable.
        masked = np.where((np.abs(chosen) > 1e19) | (chosen == -9999), np.nan, chosen)
        values[name] = masked.astype(np.float32)
    return replace(content, values=values)


PIXELS = 60
"""Pixels of 30 arc-seconds to half a degree: all grids have edges at half degrees."""


def mask_archive() -> Path:
    """Return the file of global-land-mask, which is not to be imported for its memory."""
    spec = importlib.util.find_spec("global_land_mask")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "globe_combined_mask_compressed.npz"


@cache
def _masks() -> dict[Place, tuple[Array, Array]]:
    """Return is_land and land_fraction of every grid, from one pass through the mask."""
    f4 = np.float32
    with np.load(mask_archive()) as file:
        axis_lat, axis_lon = file["lat"], file["lon"]
    is_land = {place: np.zeros(place.shape, dtype=bool) for place in GRIDS.values()}
    land_in_box = np.zeros((360, 720))
    with zipfile.ZipFile(mask_archive()) as members, members.open("mask.npy") as file:
        assert np.lib.format.read_magic(file) == (1, 0)
        assert np.lib.format.read_array_header_1_0(file)[0] == (21600, 43200)
        for box_row in range(360):
            data = file.read(PIXELS * 43200)
            is_ocean = np.frombuffer(data, dtype=bool).reshape(PIXELS, 43200)
            land_in_box[box_row] = (~is_ocean).sum(axis=0).reshape(720, PIXELS).sum(axis=1)
            for place, mask in is_land.items():
                # The package's `int((x - x0) / step)`, every number a float32.
                step_lat, step_lon = f4(axis_lat[1] - axis_lat[0]), f4(axis_lon[1] - axis_lon[0])
                pixel_row = ((place.lat.astype(f4) - f4(axis_lat[0])) / step_lat).astype(int)
                west = np.maximum(place.lon.astype(f4), f4(axis_lon[0]))
                pixel_column = ((west - f4(axis_lon[0])) / step_lon).astype(int)
                for row in np.flatnonzero(pixel_row // PIXELS == box_row):
                    mask[row] = ~is_ocean[pixel_row[row] - box_row * PIXELS, pixel_column]
    return {place: (mask, _fraction(place, land_in_box)) for place, mask in is_land.items()}


def _fraction(place: Place, land_in_box: Array) -> Array:
    fraction = np.zeros(place.shape, dtype=np.float32)
    tall, wide = int(place.step_lat * 2), int(place.step_lon * 2)
    for row, lat in enumerate(place.lat):
        top = round((90 - lat - place.step_lat / 2) * 2)
        for column, lon in enumerate(place.lon):
            left = round((lon - place.step_lon / 2 + 180) * 2)
            boxes = land_in_box[top : top + tall].take(range(left, left + wide), 1, mode="wrap")
            fraction[row, column] = boxes.sum() / (boxes.size * PIXELS**2)
    return fraction


def land(place: Place) -> tuple[Array, Array]:
    """Return is_land and land_fraction of one of `GRIDS`."""
    return _masks()[place]


@dataclass(frozen=True)
class Expected:
    """What a build must hold.

    Attributes
    ----------
    state, eluc : Content or None
        What the files hold, as float32 with NaN for missing.
    cells : {"data", "land", "all"}
    span : tuple of int
        First and last year asked for.
    """

    state: Content | None
    eluc: Content | None
    cells: str = "data"
    span: tuple[int, int] = (-9999, 9999)

    @property
    def place(self) -> Place:
        content = self.state or self.eluc
        assert content is not None
        return content.place

    def _inside(self, content: Content | None) -> list[int]:
        years = content.years if content else ()
        return [year for year in years if self.span[0] <= year <= self.span[1]]

    @cached_property
    def years(self) -> list[int]:
        """All loaded years."""
        return sorted({*self._inside(self.state), *self._inside(self.eluc)})

    def _dense(self, content: Content | None) -> dict[str, Array]:
        """Return the values on (all loaded years, cells); NaN where the file has nothing."""
        if content is None:
            return {}
        loaded = self._inside(content)
        dense = {}
        for name, values in content.values.items():
            dense[name] = np.full((len(self.years), self.n_cells), np.nan, dtype=np.float32)
            for year in loaded:
                row = values[content.years.index(year)].reshape(-1)
                dense[name][self.years.index(year)] = row
        return dense

    @property
    def n_cells(self) -> int:
        return self.place.n_lat * self.place.n_lon

    @cached_property
    def is_land(self) -> Array:
        mask: Array = land(self.place)[0]
        return mask.reshape(-1)

    @cached_property
    def states(self) -> dict[str, Array]:
        return self._dense(self.state)

    @cached_property
    def emissions(self) -> Array:
        if self.eluc is None:
            return np.full((len(self.years), self.n_cells), np.nan, dtype=np.float32)
        return self._dense(self.eluc)["ELUC"]

    @cached_property
    def _not_missing(self) -> Array:
        """Whether (year, cell) has one of the 12 land uses; no other variable decides."""
        some: Array = np.zeros((len(self.years), self.n_cells), dtype=bool)
        for name, values in self.states.items():
            if name in FRACTIONS:
                some |= ~np.isnan(values)
        return some

    @cached_property
    def has_state(self) -> Array:
        """Cells with a value that is not missing in some loaded year, shape (cells,)."""
        if not self.states:
            return np.zeros(self.n_cells, dtype=bool)
        return np.asarray(self._not_missing.any(axis=0))

    @cached_property
    def state_rows(self) -> Array:
        """Whether (year, cell) has a row in state."""
        if not self.states:
            return np.zeros((len(self.years), self.n_cells), dtype=bool)
        loaded = np.isin(self.years, self._inside(self.state))[:, None]
        if self.cells == "all":
            return np.broadcast_to(loaded, (len(self.years), self.n_cells))
        stored = self._not_missing
        on_land: Array = stored & self.is_land
        return on_land if self.cells == "land" else stored

    @cached_property
    def eluc_rows(self) -> Array:
        """Whether (year, cell) has a row in eluc."""
        loaded = np.isin(self.years, self._inside(self.eluc))[:, None]
        if self.cells == "all":
            return np.broadcast_to(loaded, (len(self.years), self.n_cells))
        if self.cells == "land":
            return ~np.isnan(self.emissions) & self.is_land
        known = ~np.isnan(self.emissions)
        differs = ((self.emissions != 0) & known).any(axis=0)
        stored: Array = known & (self.is_land | self.has_state | differs)
        return stored

    @cached_property
    def uses(self) -> dict[str, Array]:
        """The 12 fractions, crop and forest."""
        if not self.states:
            nothing = np.full((len(self.years), self.n_cells), np.nan, dtype=np.float32)
            return dict.fromkeys(USES, nothing)
        wide = {name: self.states[name].astype(np.float64) for name in FRACTIONS}
        crop = wide["c3ann"] + wide["c4ann"] + wide["c3per"] + wide["c4per"] + wide["c3nfx"]
        forest = wide["primf"] + wide["secdf"]
        added = {"crop": crop.astype(np.float32), "forest": forest.astype(np.float32)}
        return {name: self.states[name] for name in FRACTIONS} | added

    @cached_property
    def area(self) -> Array:
        computed = np.repeat(cell_area(self.place), self.place.n_lon)
        given = self.eluc.maps.get("cell_area") if self.eluc else None
        if given is None:
            return computed
        return np.where(np.isnan(given.reshape(-1)), computed, given.reshape(-1).astype(float))

    def _take(self, rows: Array, columns: Mapping[str, Array], **years: Sequence[int]) -> Columns:
        """Return columns at the rows that exist: keys, then values on (year, cell)."""
        year, cell = np.nonzero(rows)
        keys: Columns = {"cell_id": cell.astype(np.int32)}
        for name, labels in years.items():
            keys[name] = np.array(labels, dtype=np.int16)[year]
        shape = rows.shape
        return keys | {k: np.broadcast_to(v, shape)[year, cell] for k, v in columns.items()}

    def cell(self) -> Columns:
        """Return table cell."""
        place = self.place
        empty = [None] * self.n_cells
        names = ("ice_water_fraction", "potential_forest", "potential_biomass", "country_code")
        return {
            "cell_id": np.arange(self.n_cells, dtype=np.int32),
            "lat": np.repeat(place.lat, place.n_lon),
            "lon": np.tile(place.lon, place.n_lat),
            "area_ha": self.area,
            "is_land": self.is_land,
            "land_fraction": land(place)[1].reshape(-1),
            "has_state": self.has_state,
            **dict.fromkeys((*names, "country_iso3", "country_iso2", "country"), empty),
        }

    def year(self) -> Columns:
        """Return table year."""
        return {
            "year": np.array(self.years, dtype=np.int16),
            "date": [dt.date(year, 1, 1) for year in self.years],
            "prev_year": [None, *self.years[:-1]],
            "next_year": [*self.years[1:], None],
            "has_eluc": self.eluc_rows.any(axis=1),
            "has_state": self.state_rows.any(axis=1),
        }

    def table_eluc(self) -> Columns:
        return self._take(self.eluc_rows, {"eluc": self.emissions}, year=self.years)

    def table_state(self) -> Columns:
        values = self.states or dict.fromkeys((*FRACTIONS, "secmb", "secma"), self.emissions)
        return self._take(self.state_rows, values, year=self.years)

    def _placed(self, rows: Array, columns: Mapping[str, Array], *, date: bool = False) -> Columns:
        """Return rows with their place: cell_id, lat, lon, year, (date,) area_ha, the columns."""
        cell = self.cell()
        taken = self._take(rows, columns, year=self.years)
        ids = taken["cell_id"]
        placed = {"cell_id": ids, "lat": cell["lat"][ids], "lon": cell["lon"][ids]}
        placed["year"] = taken["year"]
        if date:
            dates = [dt.date(int(year), 1, 1) for year in taken["year"]]
            placed["date"] = np.array(dates, dtype=object)
        placed["area_ha"] = self.area[ids]
        return placed | {name: taken[name] for name in columns}

    def eluc_state(self) -> Columns:
        shown: dict[str, Array] = {
            "is_land": self.is_land,
            "eluc": np.where(self.eluc_rows, self.emissions, np.float32(np.nan)),
        }
        shown["emission_tc"] = shown["eluc"].astype(np.float64) * self.area
        for name, values in self.uses.items():
            shown[name] = np.where(self.state_rows, values, np.float32(np.nan))
        return self._placed(self.eluc_rows | self.state_rows, shown, date=True)

    def _change(
        self, rows: Array, values: Mapping[str, Array]
    ) -> tuple[Array, dict[str, Array], list[int], list[int]]:
        """Return rows, differences, years and previous years, over years with any row."""
        years = np.flatnonzero(rows.any(axis=1))
        later, earlier = years[1:], years[:-1]
        diffs = {f"{name}_diff": v[later] - v[earlier] for name, v in values.items()}
        labels = ([self.years[k] for k in later], [self.years[k] for k in earlier])
        return rows[later] & rows[earlier], diffs, *labels

    def eluc_diff(self) -> Columns:
        rows, diffs, year, before = self._change(self.eluc_rows, {"eluc": self.emissions})
        return self._take(rows, diffs, year=year, prev_year=before)

    def state_diff(self) -> Columns:
        names = self.states or dict.fromkeys((*FRACTIONS, "secmb", "secma"), self.emissions)
        sums = {name: self.uses[name] for name in ("crop", "forest")}
        rows, diffs, year, before = self._change(self.state_rows, {**names, **sums})
        return self._take(rows, diffs, year=year, prev_year=before)

    def luc(self) -> Columns:
        rows = np.zeros_like(self.eluc_rows)
        change = {name: np.full(rows.shape, np.nan, dtype=np.float32) for name in USES}
        for position, year in enumerate(self.years):
            if year + 1 in self.years:
                following = self.years.index(year + 1)
                rows[position] = (
                    self.eluc_rows[position]
                    & self.state_rows[position]
                    & self.state_rows[following]
                )
                for name in USES:
                    change[name][position] = self.uses[name][following] - self.uses[name][position]
        emission_tc = self.emissions.astype(np.float64) * self.area
        shown = {"is_land": self.is_land, "eluc": self.emissions, "emission_tc": emission_tc}
        shown |= self.uses | {f"{name}_diff": change[name] for name in USES}
        return self._placed(rows, shown, date=True)

    def land_cell(self) -> Columns:
        return {
            name: np.array(values, dtype=object if values[0] is None else None)[self.is_land]
            for name, values in self.cell().items()
        }

    def land_eluc(self) -> Columns:
        return self._placed(self.eluc_rows & self.is_land, {"eluc": self.emissions})

    def land_state(self) -> Columns:
        names = self.states or dict.fromkeys((*FRACTIONS, "secmb", "secma"), self.emissions)
        return self._placed(self.state_rows & self.is_land, names)

    def state_change(self, first: int, last: int) -> Columns:
        a, b = self.years.index(first), self.years.index(last)
        rows = (self.state_rows[a] & self.state_rows[b])[None]
        diffs = {f"{name}_diff": (v[b] - v[a])[None] for name, v in self.states.items()}
        return self._take(rows, diffs, first_year=[first], last_year=[last])

    def totals(self) -> Iterator[tuple[str, str, list[int], Array, Array]]:
        """Yield view, column, years, sums and the sums of magnitudes that bound rounding."""
        yield self._total("eluc_global", "emission_pgc", self.eluc_rows, self.emissions, 1e9)
        for name in USES:
            yield self._total("state_global", f"{name}_mha", self.state_rows, self.uses[name], 1e6)

    def _total(
        self, view: str, column: str, rows: Array, values: Array, unit: float
    ) -> tuple[str, str, list[int], Array, Array]:
        terms = np.where(rows, values.astype(np.float64) * self.area, np.nan) / unit
        shown = np.asarray(rows.any(axis=1))
        sums = np.nansum(terms, axis=1)
        sums[np.isnan(terms).all(axis=1)] = np.nan
        years = [year for year, has in zip(self.years, shown, strict=True) if has]
        return view, column, years, sums[shown], np.nansum(np.abs(terms), axis=1)[shown]


def differences(
    out: Path, expected: Expected, sources: Mapping[str, tuple[Path, Content]]
) -> list[str]:
    """Return in words what an output holds that it should not, or does not hold that it should.

    Parameters
    ----------
    out : path
        The output of the build.
    expected : Expected
    sources : mapping of str to (path, Content)
        The files, by the name of the source, in the order of loading.
    """
    found: list[str] = []
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        for name, (columns, order) in _objects(expected).items():
            found += _compare(name, _fetch(con, f"SELECT * FROM {name}"), columns, order)
        found += _compare_totals(con, expected)
        found += _compare_macros(con, expected)
        found += _compare_sources(con, expected, sources)
        found += _compare_dictionary(con)
        for table in ("eluc", "state"):
            found += _compare_parquet(con, out / "parquet" / table, table, expected)
    return found


def _objects(expected: Expected) -> dict[str, tuple[Columns, Sequence[str]]]:
    keyed: dict[str, Callable[[], Columns]] = {
        "eluc": expected.table_eluc,
        "state": expected.table_state,
        "eluc_state": expected.eluc_state,
        "eluc_diff": expected.eluc_diff,
        "state_diff": expected.state_diff,
        "luc": expected.luc,
        "land_eluc": expected.land_eluc,
        "land_state": expected.land_state,
    }
    small: dict[str, tuple[Columns, Sequence[str]]] = {
        "cell": (expected.cell(), ["cell_id"]),
        "land_cell": (expected.land_cell(), ["cell_id"]),
        "year": (expected.year(), ["year"]),
    }
    return small | {name: (make(), list(KEYS)) for name, make in keyed.items()}


def _fetch(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    return con.sql(sql).to_arrow_table()


def _compare(
    what: str,
    found: pa.Table,
    expected: Columns,
    order: Sequence[str],
    *,
    zeros: bool = SIGN_OF_ZERO_IS_LOST,
) -> list[str]:
    """Compare to the last bit; `zeros` takes -0.0 and 0.0 for the same."""
    if found.column_names != list(expected):
        return [f"{what} has columns {found.column_names} instead of {list(expected)}"]
    count = len(next(iter(expected.values())))
    if found.num_rows != count:
        return [f"{what} has {found.num_rows} rows instead of {count}"]
    mine = np.lexsort([np.asarray(expected[key]) for key in reversed(order)])
    theirs = np.lexsort([found.column(key).to_numpy() for key in reversed(order)])
    return [
        f"{what}.{name}: {problem}"
        for name, values in expected.items()
        if (problem := _problem(found.column(name), theirs, values, mine, zeros=zeros))
    ]


def _problem(
    found: pa.ChunkedArray,
    theirs: Array,
    expected: object,
    mine: Array,
    *,
    zeros: bool,
) -> str | None:
    values = np.asarray(expected)
    if values.dtype.kind not in "fib":
        left = found.take(pa.array(theirs)).to_pylist()
        right = values[mine].tolist()
        return None if left == right else f"{left[:3]}... instead of {right[:3]}..."
    if found.type != pa.from_numpy_dtype(values.dtype):
        return f"has type {found.type} instead of {values.dtype}"
    null = found.is_null().to_numpy()[theirs]
    values = values[mine]
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    if not np.array_equal(null, missing):
        return f"{null.sum()} NULL instead of {missing.sum()}"
    got = found.take(pa.array(theirs)).drop_null().to_numpy()
    same = _bits(got) == _bits(values[~null])
    if zeros:
        same |= (got == 0) & (values[~null] == 0)
    if values.dtype == np.float64:
        # Areas on the sphere: the order of multiplication decides the last bit.
        same |= np.abs(got - values[~null]) <= 1e-15 * np.abs(got) * 4
    if same.all():
        return None
    bad = int(np.argmin(same))
    return f"{(~same).sum()} differ, first {got[bad]!r} instead of {values[~null][bad]!r}"


def _bits(values: Array) -> Array:
    return values.view(f"u{values.itemsize}") if values.dtype.kind == "f" else values


def _compare_totals(con: duckdb.DuckDBPyConnection, expected: Expected) -> list[str]:
    problems = []
    for view, column, years, sums, magnitude in expected.totals():
        rows = con.execute(f"SELECT year, {column} FROM {view} ORDER BY year").fetchall()
        if [row[0] for row in rows] != years:
            problems.append(f"{view} has the years {[row[0] for row in rows]} instead of {years}")
            continue
        got = np.array([np.nan if row[1] is None else row[1] for row in rows])
        close = np.abs(got - sums) <= 1e-12 * magnitude
        if not np.all(close | (np.isnan(got) & np.isnan(sums))):
            problems.append(f"{view}.{column}: {got} instead of {sums}")
    return problems


def _compare_macros(con: duckdb.DuckDBPyConnection, expected: Expected) -> list[str]:
    place, problems = expected.place, []
    rng = np.random.default_rng(1)
    merged = expected.eluc_state()
    for _ in range(5):
        row, column = rng.integers(place.n_lat), rng.integers(place.n_lon)
        inside = rng.uniform(-0.45, 0.45, 2)
        lat = float(place.lat[row] + inside[0] * place.step_lat)
        lon = float(place.lon[column] + inside[1] * place.step_lon) + 360 * int(rng.integers(-1, 2))
        wanted = int(row * place.n_lon + column)
        (found,) = con.execute("SELECT cell_at(?, ?)", [lat, lon]).fetchall()[0]
        if found != wanted:
            problems.append(f"cell_at({lat}, {lon}) is {found} instead of {wanted}")
        here = merged["cell_id"] == wanted
        series = {k: np.asarray(v)[here] for k, v in merged.items()}
        rows = _fetch(con, f"SELECT * FROM point({lat!r}, {lon!r})")
        problems += _compare("point", rows, series, KEYS)
        if rows.column("year").to_pylist() != sorted(rows.column("year").to_pylist()):
            problems.append("point is not in order of year")
    if expected.state is not None:
        loaded = [year for year in expected.state.years if year in expected.years]
        for first, last in {(loaded[0], loaded[-1]), (loaded[-1], loaded[0])}:
            rows = _fetch(con, f"SELECT * FROM state_change({first}, {last})")
            wished = expected.state_change(first, last)
            problems += _compare("state_change", rows, wished, ["cell_id"])
    return problems


def _compare_sources(
    con: duckdb.DuckDBPyConnection,
    expected: Expected,
    sources: Mapping[str, tuple[Path, Content]],
) -> list[str]:
    rows = _fetch(con, "SELECT * FROM source").to_pylist()
    problems = []
    if [row["name"] for row in rows] != list(sources):
        return [f"source has {[row['name'] for row in rows]} instead of {list(sources)}"]
    for row, (path, content) in zip(rows, sources.values(), strict=True):
        data = path.read_bytes()
        loaded = [y for y in content.years if expected.span[0] <= y <= expected.span[1]]
        wanted = {
            "path": str(path),
            "size": len(data),
            "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
            "first_year": loaded[0],
            "last_year": loaded[-1],
            "variables": ", ".join(content.values),
            "synthetic": False,
        }
        if title := content.attributes.get("title"):
            wanted["title"] = title
        problems += [
            f"source.{key} of {row['name']} is {row[key]!r} instead of {value!r}"
            for key, value in wanted.items()
            if row[key] != value
        ]
    return problems


def _compare_dictionary(con: duckdb.DuckDBPyConnection) -> list[str]:
    listed = con.execute(
        "SELECT table_name, column_name, data_type FROM data_dictionary "
        "WHERE length(unit) > 0 AND length(description) > 0 AND length(source) > 0"
    ).fetchall()
    columns = con.execute(
        "SELECT table_name, column_name, data_type, comment, schema_name FROM duckdb_columns() "
        "WHERE NOT internal"
    ).fetchall()
    problems = []
    people_s = [row[:3] for row in columns if row[4] == "main"]
    if sorted(listed) != sorted(people_s):
        problems.append(f"data_dictionary: {set(listed) ^ set(people_s)}")
    problems += [f"{row[0]}.{row[1]} has no comment" for row in columns if not row[3]]
    return problems


def _compare_parquet(
    con: duckdb.DuckDBPyConnection, folder: Path, table: str, expected: Expected
) -> list[str]:
    content = expected.state if table == "state" else expected.eluc
    if content is None:
        return [f"{folder} exists without a source"] if folder.exists() else []
    rows = pds.dataset(folder, format="parquet").to_table()
    columns = expected.table_state() if table == "state" else expected.table_eluc()
    problems = _compare(f"parquet/{table}", rows, columns, KEYS, zeros=False)
    for name in rows.column_names:
        metadata = rows.schema.field(name).metadata or {}
        wanted = con.execute(
            "SELECT unit FROM data_dictionary WHERE table_name = ? AND column_name = ?",
            [table, name],
        ).fetchall()
        if [(metadata.get(b"units", b"").decode(),)] != wanted:
            problems.append(f"parquet/{table}.{name} has units {metadata} instead of {wanted}")
    return problems
