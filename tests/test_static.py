"""The static grid: into `cell` whatever its layout, refused with its place where it is wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import netCDF4
import numpy as np
import numpy.typing as npt
import pycountry
import pytest
import xarray as xr
from builds import Notices
from files import GRIDS, Content, Form, Place, eluc_content, state_content, write

from loader import build
from loader.countries import countries
from loader.description import database_info
from loader.errors import (
    BadValueError,
    GridError,
    OutputError,
    SourceError,
    SourceMissingError,
)
from loader.reading.static import open_static
from loader.sampling import write_sample

REAL = Path(__file__).parents[2] / "shared" / "data" / "staticData_quarterdeg.nc"
PLACE = GRIDS["global"]
YEARS = (1990, 1991, 1992)
Float32 = npt.NDArray[np.float32]
Maps = dict[str, Float32]

NAMES = ("ptbio", "fstnf", "icwtr", "ccode")
UNITS = {"ptbio": "kg m-2", "fstnf": "1", "icwtr": "1", "ccode": "1", "carea": "km2"}
CODES = (0, 4, 125, 231, 530, 736, 840, 900, 901, 902, 903)


def static_maps(place: Place = PLACE, seed: int = 3) -> Maps:
    """Random maps in grid order, a tenth missing."""
    rng = np.random.default_rng(seed)
    maps = {
        "ptbio": rng.uniform(0, 25, place.shape),
        "fstnf": rng.integers(2, size=place.shape),
        "icwtr": rng.choice([0, 0.25, 1], place.shape),
        "ccode": rng.choice(CODES, place.shape),
        "carea": np.full(place.shape, 7.0),
    }
    missing = {name: rng.random(place.shape) < 0.1 for name in NAMES}
    return {
        name: np.where(missing.get(name, False), np.nan, values).astype(np.float32)
        for name, values in maps.items()
    }


def write_static(
    path: Path,
    maps: Mapping[str, Float32],
    place: Place = PLACE,
    *,
    south_first: bool = False,
    positive: bool = False,
    transposed: bool = False,
    with_time: bool = False,
    noise: float = 0.0,
    fill: float = 1e20,
    units: Mapping[str, str] = UNITS,
) -> Path:
    """Write maps as LUH2's file has them: fill in `missing_value` and `_fillvalue`, bad bounds."""
    rows = slice(None, None, -1) if south_first else slice(None)
    longitude = place.lon % 360 if positive else place.lon
    order = np.argsort(longitude)
    with netCDF4.Dataset(path, "w") as file:
        file.title = "A static grid of a test"
        for name, centres in (("lat", place.lat[rows]), ("lon", longitude[order])):
            file.createDimension(name, len(centres))
            coordinate = file.createVariable(name, "f8", (name,))
            coordinate.units = {"lat": "degrees_north", "lon": "degrees_east"}[name]
            coordinate[:] = centres + noise
        file.createDimension("bounds", 2)
        for name in ("lat", "lon"):
            bounds = file.createVariable(f"{name}_bounds", "f4", (name, "bounds"))
            bounds[:] = 999.0
        dims: tuple[str, ...] = ("lon", "lat") if transposed else ("lat", "lon")
        if with_time:
            file.createDimension("time", 1)
            dims = ("time", *dims)
        for name, values in maps.items():
            variable = file.createVariable(name, "f4", dims, fill_value=False, zlib=True)
            variable.set_auto_maskandscale(False)
            variable.setncatts({"missing_value": np.float32(fill), "_fillvalue": fill})
            variable.units = units[name]
            moved = np.where(np.isnan(values), np.float32(fill), values)[rows][:, order]
            moved = moved.T if transposed else moved
            variable[:] = moved[None] if with_time else moved
    return path


LAYOUTS: dict[str, dict[str, Any]] = {
    "as LUH2's": {},
    "from the south": {"south_first": True},
    "0 to 360": {"positive": True},
    "transposed": {"transposed": True, "positive": True, "south_first": True},
    "one time": {"with_time": True},
    "noise in the coordinates": {"noise": 2e-5},
    "another fill": {"fill": -9999.0},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("opened", [False, True], ids=["path", "dataset"])
def test_values_are_those_of_the_file(tmp_path: Path, layout: dict[str, Any], opened: bool) -> None:
    maps = static_maps()
    path = write_static(tmp_path / "static.nc", maps, **layout)
    if opened:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with xr.open_dataset(path, decode_times=False) as dataset:
                found = open_static(dataset)
    else:
        found = open_static(str(path))
    for name, values in {
        "ptbio": found.potential_biomass,
        "fstnf": found.potential_forest,
        "icwtr": found.ice_water_fraction,
    }.items():
        np.testing.assert_array_equal(values, maps[name].reshape(-1), err_msg=name)
    code = np.nan_to_num(maps["ccode"].reshape(-1))
    expected = np.select([code == 125, code == 900], [0, 840], code)
    np.testing.assert_array_equal(found.country_code, expected)
    assert set(found.country_code) == set(CODES) - {125, 900}
    assert found.notices == ()
    assert (found.grid.north, found.grid.west) == (PLACE.north, PLACE.west)


def test_countries_by_iso_and_by_what_luh2_adds() -> None:
    found = countries([4, 68, 231, 410, 530, 736, 840, 901, 902, 903, 999])
    text = {code: (country.iso3, country.iso2, country.name) for code, country in found.items()}
    assert text == {
        4: ("AFG", "AF", "Afghanistan"),
        68: ("BOL", "BO", "Bolivia"),
        231: ("ETH", "ET", "Ethiopia with Eritrea"),
        410: ("KOR", "KR", "South Korea"),
        530: ("ANT", "AN", "Netherlands Antilles"),
        736: ("SDN", "SD", "Sudan with South Sudan"),
        840: ("USA", "US", "United States"),
        901: ("SUN", "SU", "Former Soviet Union"),
        902: ("YUG", "YU", "Yugoslavia"),
        903: ("CSK", "CS", "Czechoslovakia"),
    }


@pytest.mark.parametrize("code", [530, 901, 902, 903])
def test_letters_of_former_countries_are_those_that_iso_withdrew(code: int) -> None:
    country = countries([code])[code]
    withdrawn = pycountry.historic_countries.get(alpha_3=country.iso3)
    assert withdrawn is not None
    assert withdrawn.alpha_2 == country.iso2
    assert pycountry.countries.get(alpha_3=country.iso3) is None


@pytest.mark.parametrize("code", [231, 736])
def test_letters_of_countries_that_lost_a_part_are_todays(code: int) -> None:
    country = countries([code])[code]
    today = pycountry.countries.get(alpha_3=country.iso3)
    assert today is not None
    assert today.alpha_2 == country.iso2


def spoilt(name: str, value: float) -> Maps:
    maps = static_maps()
    maps[name][1, 2] = value
    return maps


AT = r"at latitude 45, longitude -105; expected"
BAD: dict[str, tuple[Maps, type[Exception], str]] = {
    "half a code": (spoilt("ccode", 840.5), BadValueError, f"ccode: is 840.5 {AT} whole numbers"),
    "negative code": (spoilt("ccode", -1), BadValueError, f"ccode: is -1 {AT}"),
    "huge code": (spoilt("ccode", 40000), BadValueError, f"ccode: is 40000 {AT}"),
    "percent": (spoilt("icwtr", 50), BadValueError, f"icwtr: is 50 {AT} 0 to 1"),
    "half a forest": (spoilt("fstnf", 0.5), BadValueError, f"fstnf: is 0.5 {AT} whole numbers"),
    "negative biomass": (spoilt("ptbio", -2), BadValueError, f"ptbio: is -2 {AT} 0 or more"),
    "infinity": (spoilt("ptbio", np.inf), BadValueError, f"ptbio: is inf {AT}"),
    "undeclared fill": (spoilt("ptbio", 9e19), BadValueError, f"ptbio: is 9e.19 {AT}"),
    "no codes": (
        {name: values for name, values in static_maps().items() if name != "ccode"},
        SourceError,
        "ccode: there is no such variable .* expected ptbio, fstnf, icwtr, ccode",
    ),
}


@pytest.mark.parametrize(("maps", "error", "message"), BAD.values(), ids=BAD)
def test_a_wrong_file_is_refused_with_its_place(
    tmp_path: Path, maps: Maps, error: type[Exception], message: str
) -> None:
    path = write_static(tmp_path / "static.nc", maps)
    with pytest.raises(error, match=message) as caught:
        open_static(str(path))
    assert str(path) in str(caught.value)
    assert isinstance(caught.value, SourceError)


def test_another_unit_is_refused(tmp_path: Path) -> None:
    path = write_static(tmp_path / "static.nc", static_maps(), units=UNITS | {"icwtr": "%"})
    with pytest.raises(SourceError, match='icwtr: has units "%"'):
        open_static(str(path))


def test_several_maps_of_one_variable_are_refused(tmp_path: Path) -> None:
    maps = {name: (("time", "lat", "lon"), np.stack([v, v])) for name, v in static_maps().items()}
    dataset = xr.Dataset(maps, {"lat": PLACE.lat, "lon": PLACE.lon})
    with pytest.raises(SourceError, match=r"ptbio: has further dimensions \(time 2\)"):
        open_static(dataset)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = write_static(tmp_path / "static.nc", static_maps(GRIDS["finer"]), GRIDS["finer"])
    data = bytearray(path.read_bytes())
    for start in range(len(data) // 2, len(data) - 64, 16):
        data[start] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"static\.nc"):
        open_static(str(path))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder with states, emissions and a static grid under their usual names."""
    folder = tmp_path_factory.mktemp("raw")
    state: Content = state_content(31, PLACE, YEARS, masks="mixed")
    eluc: Content = eluc_content(32, PLACE, YEARS, missing=0.05)
    maps = static_maps()
    maps["ccode"][0, 0] = 999
    return {
        "raw": folder,
        "states": write(folder / "states.nc", state, Form()),
        "eluc": write(
            folder / "BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc",
            eluc,
            Form(time="bare", fill="_FillValue"),
        ),
        "static": write_static(folder / "staticData_quarterdeg.nc", maps),
    }


@pytest.fixture(scope="module")
def built(sources: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    listener = Notices()
    build(raw=sources["raw"], all=True, out=out, reporter=listener)
    assert any("ccode: no country has the code 999 (1 cells)" in n for n in listener.notices)
    return out / "luc.duckdb"


def test_cells_hold_the_static_grid(sources: dict[str, Path], built: Path) -> None:
    static = open_static(str(sources["static"]))
    known = countries(range(1000))
    with duckdb.connect(str(built), read_only=True) as con:
        rows = con.execute(
            "SELECT ice_water_fraction, potential_forest, potential_biomass, country_code, "
            "country_iso3, country_iso2, country FROM cell ORDER BY cell_id"
        ).fetchall()
    assert len(rows) == PLACE.n_lat * PLACE.n_lon
    for cell, row in enumerate(rows):
        code = int(static.country_code[cell])
        country = known.get(code)
        plain = [static.ice_water_fraction[cell], static.potential_biomass[cell]]
        ice, biomass = (None if np.isnan(value) else value for value in plain)
        forest = static.potential_forest[cell]
        names = (country.iso3, country.iso2, country.name) if country else (None, None, None)
        wanted = (ice, None if np.isnan(forest) else forest == 1, biomass, code or None, *names)
        assert row == wanted
    assert rows[0][3:] == (999, None, None, None)
    assert {row[6] for row in rows} >= {"Former Soviet Union", "United States", None}


@pytest.mark.parametrize(
    ("table", "column", "total", "globe"),
    [
        ("eluc", "eluc", "emission_mtc", "emission_pgc * 1e3"),
        ("land_use", "forest", "forest_mha", "forest_mha"),
        ("land_use", "primf", "primf_mha", "primf_mha"),
    ],
)
def test_totals_of_countries_are_those_of_their_cells(
    built: Path, table: str, column: str, total: str, globe: str
) -> None:
    view = "eluc" if table == "eluc" else "state"
    with duckdb.connect(str(built), read_only=True) as con:
        rows = con.execute(f"SELECT cell_id, year, {column} FROM {table}").df()
        cell = con.execute("SELECT cell_id, area_ha, country_code, country FROM cell").df()
        found = con.execute(
            f"SELECT r.country_code, v.name, v.year, v.{total} FROM {view}_region AS v "
            "LEFT JOIN region AS r USING (region_id) WHERE v.layer = 'luh2_country'"
        ).df()
        world = con.execute(f"SELECT year, {globe} AS total FROM {view}_global").df()
    rows = rows.merge(cell, on="cell_id")
    rows["total"] = rows[column].astype(np.float64) * rows.area_ha / 1e6
    # Cells without a code are outside.
    rows["code"] = rows.country_code.fillna(-1)
    sums = rows.groupby(["code", "year"]).total.sum(min_count=1)
    found["code"] = found.country_code.fillna(-1)
    indexed = found.set_index(["code", "year"])[total].sort_index()
    assert list(indexed.index) == list(sums.index)
    np.testing.assert_allclose(indexed.to_numpy(), sums.to_numpy(), rtol=1e-9)
    by_year = found.groupby("year")[total].sum()
    np.testing.assert_allclose(by_year.to_numpy(), world.sort_values("year").total, rtol=1e-9)
    assert found[found.code == -1].name.tolist() == ["Outside"] * len(YEARS)
    assert set(found[found.code == 999].name) == {"country 999"}


def test_the_static_grid_is_a_source_without_years(sources: dict[str, Path], built: Path) -> None:
    with duckdb.connect(str(built), read_only=True) as con:
        rows = con.execute(
            "SELECT path, size, title, first_year, last_year, variables, digest FROM source "
            "WHERE name = 'static'"
        ).fetchall()
    (row,) = rows
    size = sources["static"].stat().st_size
    assert row[:3] == (str(sources["static"]), size, "A static grid of a test")
    assert row[3:6] == (None, None, "ptbio, fstnf, icwtr, ccode")
    assert str(row[6]).startswith("sha256:")
    text = database_info(built).text()
    assert f"\n  static\n    {sources['static']}" in text


def test_without_it_the_columns_are_null(sources: dict[str, Path], tmp_path: Path) -> None:
    # Not from RAW, where the static grid would be found.
    build(states=sources["states"], eluc=sources["eluc"], raw=tmp_path, out=tmp_path)
    with duckdb.connect(str(tmp_path / "luc.duckdb"), read_only=True) as con:
        counted = con.execute(
            "SELECT count(ice_water_fraction), count(potential_forest), count(potential_biomass), "
            "count(country_code), count(country_iso3), count(country_iso2), count(country) "
            "FROM cell"
        ).fetchall()
        assert counted == [(0,) * 7]
        layers = con.execute("SELECT DISTINCT layer FROM region").fetchall()
        assert layers == [("country",)]


def test_another_static_grid_is_another_build(sources: dict[str, Path], tmp_path: Path) -> None:
    static = write_static(tmp_path / "static.nc", static_maps())
    out = tmp_path / "out"
    first = build(states=sources["states"], static=static, out=out)
    again = build(states=sources["states"], static=static, out=out)
    assert (first.outcome, again.outcome) == ("built", "up to date")
    write_static(static, static_maps(seed=4))
    with pytest.raises(OutputError, match="another static file"):
        build(states=sources["states"], static=static, out=out)
    with pytest.raises(OutputError, match="sources=states, static; requested: sources=states"):
        build(states=sources["states"], out=out)


GRID_ERRORS: dict[str, Callable[[Path], Path]] = {
    "finer": lambda path: write_static(path, static_maps(GRIDS["finer"]), GRIDS["finer"]),
    "shifted": lambda path: write_static(path, static_maps(), noise=0.25),
}


@pytest.mark.parametrize("make", GRID_ERRORS.values(), ids=GRID_ERRORS)
def test_another_grid_is_refused(
    sources: dict[str, Path], tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    static = make(tmp_path / "static.nc")
    with pytest.raises(GridError, match=r"static\.nc: has another grid"):
        build(states=sources["states"], static=static, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(sources: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match=r"no such file .*--static"):
        build(states=sources["states"], static=tmp_path / "none.nc", out=tmp_path / "out")


def test_a_static_grid_alone_is_nothing_to_build(sources: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="no source was named"):
        build(raw=tmp_path, static=sources["static"], out=tmp_path / "out")


def test_the_sample_has_a_country_in_every_cell_of_land(tmp_path: Path) -> None:
    (path,) = write_sample(tmp_path, years=(2010, 2010), resolution=2.0, only=["static"])
    static = open_static(str(path))
    with netCDF4.Dataset(path) as file:
        raw = {name: np.asarray(file[name][:]).reshape(-1) for name in NAMES}
    assert static.notices == ()
    assert str(static.attributes["synthetic"]).startswith("yes")
    land = raw["icwtr"] < 1
    assert np.count_nonzero(land) > 4000
    assert np.all(static.country_code[land] > 0)
    assert {840, 901} <= set(static.country_code[land])
    np.testing.assert_array_equal(static.ice_water_fraction, raw["icwtr"])


@pytest.mark.skipif(not REAL.exists(), reason="LUH2's own static grid is not at hand")
def test_the_real_static_grid() -> None:
    static = open_static(str(REAL))
    with netCDF4.Dataset(REAL) as file:
        raw = {name: np.asarray(file[name][:]).reshape(-1) for name in NAMES}
    assert np.count_nonzero((raw["ccode"] > 0) | (raw["icwtr"] < 1)) == 258_539
    land = (static.country_code > 0) | (static.ice_water_fraction < 1)
    # The one cell of code 125 is water: without its code it is neither.
    code_of_water = (raw["ccode"] == 125) & (raw["icwtr"] == 1)
    assert np.count_nonzero(land) + np.count_nonzero(code_of_water) == 258_539
    assert static.notices == ()
    assert (static.grid.n_lat, static.grid.n_lon) == (720, 1440)
    used = {int(code) for code in np.unique(static.country_code)} - {0}
    assert set(static.countries) == used
    assert np.count_nonzero(static.country_code == 901) == 58_096
    assert np.count_nonzero(static.country_code == 840) == 13_587 + 4_914
    np.testing.assert_array_equal(static.potential_biomass, raw["ptbio"])


def test_the_usual_static_grid_is_loaded_where_it_fits(tmp_path: Path) -> None:
    place = GRIDS["region"]
    states = write(tmp_path / "states.nc", state_content(1, place, [2000, 2001]), Form())
    usual = tmp_path / "staticData_quarterdeg.nc"
    write_static(usual, static_maps(GRIDS["finer"]), GRIDS["finer"])

    def has_static() -> bool:
        with duckdb.connect(str(tmp_path / "out" / "luc.duckdb"), read_only=True) as con:
            return bool(con.execute("FROM source WHERE name = 'static'").fetchall())

    given: dict[str, Any] = {"states": states, "raw": tmp_path, "out": tmp_path / "out"}
    listener = Notices()
    build(**given, reporter=listener)
    assert not has_static()
    assert any("so there are no LUH2 countries" in notice for notice in listener.notices)
    assert build(**given).outcome == "up to date"
    write_static(usual, static_maps(place), place)
    build(**given, overwrite=True)
    assert has_static()
