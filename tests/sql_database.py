"""A small database with gaps, missing rows and values, and the same as pandas frames."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from loader.building.series import Series
from loader.building.squares import MapRows, Squares
from loader.building.totals import Totals
from loader.catalog.objects import SchemaContext, create_tables, create_views
from loader.countries import Country
from loader.grid import Grid
from loader.reading.plan import Block
from loader.regions.tables import RegionTables, luh2_country_layer
from loader.schema import FRACTIONS, SOURCES, Variable

NASTY = 'x" int); drop table state; --'
EXTRA = (
    Variable("Index", "index", "", "a keyword"),
    Variable(NASTY, NASTY, "m", "it's a trap"),
)
STATE_VARIABLES = (*SOURCES["states"].variables, *EXTRA)
STATE_COLUMNS = tuple(variable.column for variable in STATE_VARIABLES)
CROPS = ("c3ann", "c4ann", "c3per", "c4per", "c3nfx")
USES = (*FRACTIONS, "crop", "forest")
GRID = Grid.global_grid(30.0)
CONTEXT = SchemaContext(
    GRID,
    {
        "state": STATE_VARIABLES,
        "transition": SOURCES["transitions"].variables,
        "management": SOURCES["management"].variables,
    },
)
"""A database of everything but the static grid."""
STATE_YEARS = (1850, 1851, 1853, 1854, 1855, 1858)
ELUC_YEARS = (1851, 1852, 1853, 1854, 1856, 1857, 1858)

KEYS = ["cell_id", "year"]


@dataclass(frozen=True)
class Frames:
    """What the tables hold."""

    cell: pd.DataFrame
    state: pd.DataFrame
    eluc: pd.DataFrame


def random_frames(
    seed: int, state_years: Sequence[int] = STATE_YEARS, eluc_years: Sequence[int] = ELUC_YEARS
) -> Frames:
    """Rows of which a fifth is missing, and values of which a tenth is."""
    rng = np.random.default_rng(seed)
    cells = np.arange(GRID.n_cells)
    state = _rows(rng, cells, state_years, STATE_COLUMNS)
    eluc = _rows(rng, cells, eluc_years, ("eluc",))
    cell = pd.DataFrame(
        {
            "cell_id": cells.astype(np.int32),
            "lat": np.repeat(GRID.latitude, GRID.n_lon),
            "lon": np.tile(GRID.longitude, GRID.n_lat),
            "area_ha": np.repeat(GRID.cell_area_ha(), GRID.n_lon) * rng.uniform(0.9, 1, cells.size),
            "is_land": rng.random(cells.size) < 0.6,
            "land_fraction": rng.random(cells.size).astype(np.float32),
            "has_state": np.isin(cells, state.cell_id),
        }
    )
    return Frames(cell, state, eluc)


def _rows(
    rng: np.random.Generator, cells: np.ndarray, years: Sequence[int], columns: Sequence[str]
) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([cells, years], names=KEYS).to_frame(index=False)
    rows = index[rng.random(len(index)) < 0.8].reset_index(drop=True)
    rows = rows.astype({"cell_id": np.int32, "year": np.int16})
    for column in columns:
        values = rng.random(len(rows), dtype=np.float32)
        rows[column] = np.where(rng.random(len(rows)) < 0.1, np.float32(np.nan), values)
    return rows


def with_whole_states(frames: Frames) -> Frames:
    """What series of emissions rely on: a value in every row of eluc, and no gap in the states.

    Two thirds of the cells have states, each in every year, and some of the others emissions.
    """
    cells = frames.cell.cell_id[frames.cell.cell_id % 3 != 0]
    every = pd.MultiIndex.from_product([cells, sorted(set(frames.state.year))], names=KEYS)
    state = frames.state.set_index(KEYS).reindex(every).reset_index()
    return Frames(
        frames.cell.assign(has_state=frames.cell.cell_id.isin(cells)),
        state.astype({"cell_id": np.int32, "year": np.int16}),
        frames.eluc.dropna(),
    )


COUNTRIES = (
    (76, "BRA", "BR", "Brazil"),
    (360, "IDN", "ID", "Indonesia"),
    (901, "SUN", "SU", "Soviet Union"),
    (None, None, None, None),
)


def with_static(frames: Frames, seed: int) -> Frames:
    """Add what the static file says: ice and water, potential forest, countries and none."""
    rng = np.random.default_rng(seed)
    n = len(frames.cell)
    codes, iso3, iso2, names = zip(
        *(COUNTRIES[i] for i in rng.integers(len(COUNTRIES), size=n)), strict=True
    )
    cell = frames.cell.assign(
        ice_water_fraction=rng.random(n).astype(np.float32),
        potential_forest=rng.random(n) < 0.5,
        potential_biomass=rng.random(n).astype(np.float32),
        country_code=pd.array(codes, dtype="Int16"),
        country_iso3=iso3,
        country_iso2=iso2,
        country=names,
    )
    return Frames(cell, frames.state, frames.eluc)


def random_transitions(seed: int, years: Sequence[int] = STATE_YEARS) -> pd.DataFrame:
    """Rows of transition, of which a fifth is missing; a tenth of the others has no values."""
    rng = np.random.default_rng(seed)
    rows = _rows(rng, np.arange(GRID.n_cells), years, ())
    columns = [variable.column for variable in SOURCES["transitions"].variables]
    values = rng.random((len(rows), len(columns)), dtype=np.float32) / 100
    values[rng.random(len(rows)) < 0.1] = np.nan
    return rows.join(pd.DataFrame(values, columns=columns))


def create(
    con: duckdb.DuckDBPyConnection, frames: Frames, context: SchemaContext = CONTEXT
) -> None:
    """Create tables, load the frames, create views: what a build does, in small."""
    create_tables(con, context)
    insert(con, "cell", frames.cell)
    insert(con, "state", frames.state)
    insert(con, "eluc", frames.eluc)
    has_state, has_eluc = set(frames.state.year), set(frames.eluc.year)
    years = sorted(has_state | has_eluc)
    for i, year in enumerate(years):
        before = years[i - 1] if i else None
        after = years[i + 1] if i + 1 < len(years) else None
        row = [year, year, before, after, year in has_eluc, year in has_state]
        con.execute("INSERT INTO year VALUES (?, make_date(?, 1, 1), ?, ?, ?, ?)", row).fetchall()
    _insert_totals(con, frames, context)
    if context.has_series:
        _insert_series(con, frames.eluc, years)
    create_views(con, context)


def _insert_totals(con: duckdb.DuckDBPyConnection, frames: Frames, context: SchemaContext) -> None:
    cell = frames.cell.sort_values("cell_id")
    codes, countries = None, {}
    if "country_code" in cell:
        codes = cell.country_code.to_numpy(dtype=np.int16, na_value=0)
        named = cell[cell.country_iso3.notna()].drop_duplicates("country_code")
        labels = zip(named.country_code, named.country_iso3, named.country, strict=True)
        countries = {int(code): Country(iso3, "", name) for code, iso3, name in labels}
    # Countries by the code of the cell stand for those of polygons.
    none = np.zeros(len(cell), np.int16)
    layer = luh2_country_layer(none if codes is None else codes, countries)
    regions = RegionTables([replace(layer, name="country")], cell.area_ha.to_numpy())
    con.from_arrow(regions.region_table()).insert_into("region")
    con.from_arrow(regions.cell_region_table()).insert_into("cell_region")
    totals = Totals(cell.area_ha.to_numpy(), regions, context.land_uses)
    for table, rows in (("eluc", frames.eluc), ("state", frames.state)):
        sums = totals.sums_of(table, pa.Table.from_pandas(rows, preserve_index=False))
        totals.add(table, sums)
    for table, sums in (("eluc_total", totals.eluc_table()), ("state_total", totals.state_table())):
        con.from_arrow(sums).insert_into(f"meta.{table}")


def _insert_series(con: duckdb.DuckDBPyConnection, eluc: pd.DataFrame, years: list[int]) -> None:
    loaded = sorted({int(year) for year in eluc.year})
    half = len(loaded) // 2
    blocks = [
        Block("eluc", part[0], part[-1], 0, len(part), 0, GRID.n_lat)
        for part in (loaded[:half], loaded[half:])
    ]
    series = Series(blocks, GRID.n_cells)
    for block in blocks:
        rows = eluc[(eluc.year >= block.first_year) & (eluc.year <= block.last_year)]
        lists = series.series_table(pa.Table.from_pandas(rows, preserve_index=False))
        con.from_arrow(lists).insert_into("meta.eluc_series")
    con.from_arrow(series.span_table(years)).insert_into("meta.eluc_span")


def insert_map(con: duckdb.DuckDBPyConnection, frames: Frames, context: SchemaContext) -> None:
    """Fill luc_map_1deg; the frames have all cells of the grid."""
    squares, area_ha = Squares(context.grid), frames.cell.area_ha.to_numpy()
    totals = Totals(area_ha, land_uses=context.land_uses, square=squares.of_cell)
    with (
        TemporaryDirectory() as folder,
        closing(MapRows(squares, lambda: area_ha, context.land_uses, Path(folder))) as kept,
    ):
        for table, rows in (("state", frames.state), ("eluc", frames.eluc)):
            block = pa.Table.from_pandas(rows, preserve_index=False)
            kept.add(table, totals.sums_of(table, block))
        con.from_arrow(kept.table(kept.years)).insert_into("luc_map_1deg")


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    """Append a frame by column names; NaN becomes NULL."""
    con.register("new_rows", pa.Table.from_pandas(rows, preserve_index=False))
    con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM new_rows").fetchall()
    con.unregister("new_rows")


def fetch(con: duckdb.DuckDBPyConnection, sql: str, order: Sequence[str] = KEYS) -> pd.DataFrame:
    """Return the rows of a query in order, NULL as NaN."""
    done = con.execute(sql)
    names = [column[0] for column in done.description]
    frame = pd.DataFrame(done.fetchall(), columns=names)
    return frame.sort_values(list(order), ignore_index=True)


def same(found: pd.DataFrame, expected: pd.DataFrame, order: Sequence[str] = KEYS) -> None:
    """Assert that two frames agree in columns, rows and every bit of every value."""
    assert list(found.columns) == list(expected.columns)
    assert len(found) == len(expected)
    expected = expected.sort_values(list(order), ignore_index=True)
    for name in expected.columns:
        if expected[name].dtype.kind in "fi":
            left = found[name].to_numpy(dtype=np.float64, na_value=np.nan)
            right = expected[name].to_numpy(dtype=np.float64, na_value=np.nan)
            np.testing.assert_array_equal(left, right, err_msg=name)
        else:
            assert found[name].tolist() == expected[name].tolist(), name


def with_uses(state: pd.DataFrame) -> pd.DataFrame:
    """Add crop and forest: float64 sums in order, stored as float32, missing if any part is."""
    state = state.copy()
    for name, parts in {"crop": CROPS, "forest": ("primf", "secdf")}.items():
        total = state[parts[0]].astype(np.float64)
        for part in parts[1:]:
            total = total + state[part].astype(np.float64)
        state[name] = total.astype(np.float32)
    return state


ABSENT = frozenset(
    {"transition", "management", "transition_long", "transition_net", "mass_balance"}
)
"""What exists only where transitions and management were loaded."""


def dates(years: Iterable[int]) -> list[dt.date]:
    """Return 1 January of each year, as the column `date` of views."""
    return [dt.date(int(year), 1, 1) for year in years]


def with_dates(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the column `date` next to `year`."""
    rows = rows.reset_index(drop=True)
    rows.insert(list(rows.columns).index("year") + 1, "date", dates(rows.year))
    return rows


def attach(path: Path, storage_version: str = "v1.0.0") -> duckdb.DuckDBPyConnection:
    """Return a connection whose current database is a new file."""
    con = duckdb.connect()
    con.execute(f"ATTACH '{path}' AS luc (STORAGE_VERSION '{storage_version}')").fetchall()
    con.execute("USE luc").fetchall()
    return con
