"""The synthetic sources: the layout of the real files, and physics that holds on stored values."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt
import pytest

from loader import build
from loader.errors import OutputError, UsageError
from loader.folders import waiting_lock
from loader.grid import Grid
from loader.reading.landmask import land_mask
from loader.sampling import is_synthetic, matches, sample_files, write_sample, writing
from loader.sampling.space import sample_bytes

USES = [
    "primf",
    "primn",
    "secdf",
    "secdn",
    "urban",
    "c3ann",
    "c4ann",
    "c3per",
    "c4per",
    "c3nfx",
    "pastr",
    "range",
]
CROPS = ["c3ann", "c4ann", "c3per", "c4per", "c3nfx"]
HARVEST = ["primf", "primn", "secmf", "secyf", "secnf"]
FIRST, LAST = 1998, 2003
COARSE = 2.0
SCHEMA = Path(__file__).parents[2] / "shared" / "data" / "luh2_gcb2022_schema.json"

Array = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sample")
    write_sample(made, years=(FIRST, LAST), resolution=COARSE)
    return made


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("full")
    only = {"static", "states", "eluc"}
    write_sample(made, years=(2012, 2012), resolution=0.25, only=only)
    return made


def opened(folder: Path, source: str) -> netCDF4.Dataset:
    file = netCDF4.Dataset(folder / sample_files()[source])
    file.set_auto_mask(False)
    return file


def read(folder: Path, source: str, *names: str) -> dict[str, Array]:
    """Return variables as float64 of shape (years, land cells), or (land cells) without years."""
    with opened(folder, "static") as file:
        land = ((file["ccode"][:] > 0) | (file["icwtr"][:] < 1)).ravel()
    with opened(folder, source) as file:
        wanted = names or [n for n in file.variables if file[n].dtype == np.float32]
        wanted = [n for n in wanted if file[n].dimensions[-2:] == ("lat", "lon")]
        values = {n: file[n][:].astype(np.float64) for n in wanted}
    return {n: v.reshape(*v.shape[:-2], -1)[..., land] for n, v in values.items()}


def stored(folder: Path, source: str) -> dict[str, dict[int, bytes]]:
    """Return the bytes of each variable and year."""
    with opened(folder, source) as file:
        offset = 0 if source == "eluc" else 850
        years = (file["time"][:] + offset).astype(int).tolist()
        names = [n for n in file.variables if file[n].dimensions == ("time", "lat", "lon")]
        return {n: {y: file[n][k].tobytes() for k, y in enumerate(years)} for n in names}


def attributes(variable: netCDF4.Variable[np.float32]) -> dict[str, object]:
    return {name: variable.getncattr(name) for name in variable.ncattrs()}


@pytest.mark.parametrize(
    ("source", "count", "last"),
    [("states", 14, LAST + 1), ("transitions", 118, LAST), ("management", 22, LAST)],
)
def test_land_use_files_have_the_real_layout(
    folder: Path, source: str, count: int, last: int
) -> None:
    with opened(folder, source) as file:
        assert file.data_model == "NETCDF4"
        assert list(file.dimensions) == ["time", "lon", "lat"]
        assert list(file.variables)[:3] == ["time", "lon", "lat"]
        for name in ("time", "lon", "lat"):
            assert file[name].dtype == np.float64
        assert attributes(file["time"]) == {
            "standard_name": "time",
            "long_name": "time",
            "units": "years since 850-01-01 0:0:0",
            "calendar": "365_day",
            "axis": "T",
        }
        assert (file["time"][:] == np.arange(FIRST - 850, last - 849)).all()
        assert (file["lat"][0], file["lat"][-1], file["lon"][0]) == (89.0, -89.0, -179.0)
        assert (file["lat"].units, file["lon"].units) == ("degrees_north", "degrees_east")
        data = list(file.variables)[3:]
        assert len(data) == count
        for name in data:
            variable = file[name]
            assert (variable.dtype, variable.dimensions) == (np.float32, ("time", "lat", "lon"))
            assert variable.chunking() == [1, 90, 180]
            assert (variable.filters()["zlib"], variable.filters()["shuffle"]) == (True, True)
            for fill in (variable.getncattr("_FillValue"), variable.getncattr("missing_value")):
                assert (fill, fill.dtype) == (np.float32(1e20), np.float32)
            assert variable.cell_methods == "time:mean"
            values = variable[:]
            assert np.isfinite(values).all()
            cells = values == np.float32(1e20)
            assert (cells == cells[0]).all(), f"{name} has other cells in some year"
            assert (values[~cells] >= 0).all()
        assert file.title == (
            "SYNTHETIC, not data: in the form of "
            "UofMD LUH2-GCB2022 dataset prepared for Global Carbon Budget"
        )
        assert file.references == "Hurtt et al. 2020, Chini et al. 2021"
        assert file.synthetic.startswith("yes")


def test_all_land_use_files_have_values_in_the_same_cells(folder: Path) -> None:
    known = set()
    for source in ("states", "transitions", "management"):
        with opened(folder, source) as file:
            for name in list(file.variables)[3:]:
                known.add((file[name][0] == np.float32(1e20)).tobytes())
    with opened(folder, "static") as file:
        sea = ~((file["ccode"][:] > 0) | (file["icwtr"][:] < 1))
    assert known == {sea.tobytes()}


def test_eluc_has_the_real_layout(folder: Path) -> None:
    with opened(folder, "eluc") as file:
        assert list(file.dimensions) == ["time", "lat", "lon"]
        assert set(file.variables) == {"lat", "lon", "time", "ELUC", "cell_area"}
        assert file["lat"].dtype == file["lon"].dtype == np.float32
        assert attributes(file["lat"]) == {"units": "degrees_north"}
        assert attributes(file["lon"]) == {"units": "degrees_east"}
        assert (file["time"].dtype, attributes(file["time"])) == (np.int32, {})
        assert file["time"][:].tolist() == list(range(FIRST, LAST + 1))
        name = "Carbon emissions from land use change"
        described = {"standard_name": name, "long_name": name, "units": "t C/ha/yr"}
        assert attributes(file["ELUC"]) == described
        assert file["ELUC"].dtype == np.float32
        assert file["ELUC"].chunking() == [1, 90, 180]
        assert attributes(file["cell_area"]) == {"units": "ha"}
        area = Grid.global_grid(COARSE).cell_area_ha().astype(np.float32)
        assert (file["cell_area"][:] == area[:, None]).all()
        assert all(name.startswith("synthetic") for name in file.ncattrs())
        values = file["ELUC"][:]
    with opened(folder, "states") as file:
        sea = file["primf"][0] == np.float32(1e20)
    assert (values[:, sea] == 0).all()


def test_static_has_the_real_quirks(folder: Path) -> None:
    with opened(folder, "static") as file:
        assert list(file.dimensions) == ["lon", "lat", "bounds"]
        names = [
            "lon",
            "lat",
            "ptbio",
            "fstnf",
            "carea",
            "icwtr",
            "ccode",
            "lat_bounds",
            "lon_bounds",
        ]
        assert list(file.variables) == names
        for name in ("ptbio", "fstnf", "carea", "icwtr", "ccode"):
            assert "_FillValue" not in file[name].ncattrs()
            assert file[name].getncattr("_fillvalue") == 1e20
            assert file[name].missing_value == np.float32(1e20)
        assert file["lat_bounds"][0].tolist() == [89.0, 87.0]
        assert file["lon_bounds"][0].tolist() == [-181.0, -179.0]
        assert set(np.unique(file["fstnf"][:])) == {0.0, 1.0}
        assert file["carea"].units == "km2"
        assert file["carea"][:].sum() == pytest.approx(5.101e8, rel=1e-3)
        codes = set(np.unique(file["ccode"][:]).astype(int).tolist())
        assert {0, 76, 156, 356, 736, 840, 900, 901} <= codes


@pytest.mark.slow
def test_the_full_grid_has_the_real_cells_and_countries(full: Path) -> None:
    with opened(full, "static") as file:
        codes = file["ccode"][:]
        present = set(np.unique(codes).astype(int).tolist())
        assert {231, 530, 736, 826, 840, 900, 901, 902, 903} <= present
        assert len(present) > 60
        assert ((codes > 0) | (file["icwtr"][:] < 1)).sum() == pytest.approx(258_539, rel=0.01)


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema of the real files is not here")
@pytest.mark.parametrize("source", ["states", "transitions"])
def test_variables_and_attributes_are_those_of_the_real_files(folder: Path, source: str) -> None:
    real = json.loads(SCHEMA.read_text())
    with opened(folder, source) as file:
        assert list(file.dimensions) == list(real[source]["dims"])
        written = [
            {"name": name, **attributes(file[name])}
            for name in file.variables
            if name not in file.dimensions
        ]
        for variable in written:
            del variable["_FillValue"], variable["missing_value"]
        assert written == real[source]["vars"]
        text = real["global_attributes_text"]
        for name in file.ncattrs():
            if name != "title" and not name.startswith("synthetic"):
                assert f"{name} : {file.getncattr(name)}" in text


def test_states_sum_to_what_is_neither_ice_nor_water(folder: Path) -> None:
    total = sum(read(folder, "states", *USES).values())
    expected = 1 - read(folder, "static", "icwtr")["icwtr"]
    assert np.abs(total - expected).max() < 1e-6


def test_transitions_explain_every_change_of_the_states(folder: Path) -> None:
    states = read(folder, "states", *USES)
    moves = read(folder, "transitions")
    assert "primf_to_secdf" not in moves
    assert "primn_to_secdn" not in moves
    gain = {use: np.zeros_like(moves["primf_harv"]) for use in USES}
    loss = {use: np.zeros_like(moves["primf_harv"]) for use in USES}
    named = {f"{a}_to_{b}": (a, b) for a in USES for b in USES}
    named |= {"primf_harv": ("primf", "secdf"), "primn_harv": ("primn", "secdn")}
    for name, (source, target) in named.items():
        if name in moves:
            loss[source] += moves[name]
            gain[target] += moves[name]
    for use in USES:
        change = np.diff(states[use], axis=0)
        assert np.abs(change - (gain[use] - loss[use])).max() < 1e-6, use
        assert (loss[use] <= states[use][:-1] + 1e-9).all(), use
        assert gain[use].max() > 0 or use in {"primf", "primn"}
    for kind in HARVEST:
        assert (moves[f"{kind}_harv"] > 0).mean() > 0.05, kind
        assert ((moves[f"{kind}_bioh"] > 0) <= (moves[f"{kind}_harv"] > 0)).all()
    # About 1 Gt of wood a year, in kg.
    harvested = sum(moves[f"{kind}_bioh"][0].sum() for kind in HARVEST)
    assert 2e11 < harvested < 4e12


@pytest.mark.parametrize("years", [(850, 870), (1835, 1860), (1990, 2010)])
def test_primary_vegetation_never_grows(tmp_path: Path, years: tuple[int, int]) -> None:
    write_sample(tmp_path, years=years, resolution=COARSE, only={"states", "static"})
    states = read(tmp_path, "states", "primf", "primn", "secdf", "secdn", "c3ann")
    for name in ("primf", "primn"):
        assert np.diff(states[name], axis=0).max() <= 0
    assert np.diff(states["secdf"] + states["secdn"], axis=0).max() > 0
    assert np.diff(states["c3ann"], axis=0).max() > 0


def test_crops_are_given_up_again_somewhere(folder: Path) -> None:
    crops = sum(read(folder, "states", *CROPS).values())
    assert np.diff(crops, axis=0).min() < -1e-3


def test_a_year_is_the_same_whatever_years_are_asked_for(folder: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, years=(2000, 2001), resolution=COARSE)
    for source in ("eluc", "states", "transitions", "management"):
        few, many = stored(tmp_path, source), stored(folder, source)
        assert few.keys() == many.keys()
        for name, years in few.items():
            for year, values in years.items():
                assert values == many[name][year], (source, name, year)


def test_the_seed_alone_decides(folder: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        target = tmp_path / str(seed)
        options = {"eluc", "static"}
        write_sample(target, years=(FIRST, LAST), resolution=COARSE, seed=seed, only=options)
    assert stored(tmp_path / "0", "eluc") == stored(folder, "eluc")
    assert stored(tmp_path / "1", "eluc")["ELUC"] != stored(folder, "eluc")["ELUC"]


def test_emissions_follow_the_change_of_their_own_year(folder: Path) -> None:
    states = read(folder, "states", *USES)
    natural = sum(states[use] for use in ("primf", "secdf"))
    cleared = -np.diff(natural, axis=0)
    emissions = read(folder, "eluc", "ELUC")["ELUC"]
    step = np.diff(emissions, axis=0).ravel()
    # The change of clearing from year to year shows in the emissions of the year it begins.
    same = np.corrcoef(step, np.diff(cleared, axis=0).ravel())[0, 1]
    earlier = np.corrcoef(step[step.size // 5 :], np.diff(cleared, axis=0)[:-1].ravel())[0, 1]
    assert same > 0.5
    assert same > earlier + 0.3


def test_emissions_linger_and_stay_away_where_nothing_ever_changed(folder: Path) -> None:
    states = read(folder, "states", *USES)
    emissions = read(folder, "eluc", "ELUC")["ELUC"]
    ice_water = read(folder, "static", "icwtr")["icwtr"]
    used = np.sum([states[use] for use in USES if not use.startswith("prim")], axis=0)
    pristine = (used == 0).all(axis=0)
    assert pristine.sum() > 200
    assert (emissions[:, pristine] == 0).all()
    assert (emissions[:, (ice_water < 1) & ~pristine] != 0).mean() > 0.9
    assert -6 < emissions.min() < -0.05
    assert 1 < emissions.max() < 70


def test_emissions_have_the_published_size(tmp_path: Path) -> None:
    published = {1850: 0.93, 1900: 1.5, 1950: 2.2, 1990: 1.6, 2021: 1.25}
    for year, expected in published.items():
        target = tmp_path / str(year)
        write_sample(target, years=(year, year), resolution=COARSE, only=["eluc"])
        with opened(target, "eluc") as file:
            total = (file["ELUC"][0].astype(float) * file["cell_area"][:]).sum() / 1e9
        assert total == pytest.approx(expected, abs=0.35), year


def test_the_masks_differ_both_ways(folder: Path) -> None:
    is_land = land_mask(Grid.global_grid(COARSE)).is_land
    with opened(folder, "states") as file:
        has_state = file["primf"][0] < 1e19
        antarctic = file["lat"][:] < -60
    with opened(folder, "eluc") as file:
        emits = (file["ELUC"][:] != 0).any(axis=0)
    assert (has_state & ~is_land).sum() > 20
    assert (emits & ~is_land).sum() > 5
    assert not has_state[antarctic].any()
    assert is_land[antarctic].any()
    assert (is_land & ~has_state)[~antarctic].sum() > 0


@pytest.mark.slow
def test_london_has_fields_meadows_and_houses(full: Path) -> None:
    row, column = 153, 719
    with opened(full, "states") as file:
        assert (file["lat"][row], file["lon"][column]) == (51.625, -0.125)
        london = {name: float(file[name][0, row, column]) for name in USES}
    assert sum(london[crop] for crop in CROPS) > 0.02
    assert london["pastr"] > 0.02
    assert 0.02 < london["urban"] < 0.9
    with opened(full, "static") as file:
        assert file["ccode"][row, column] == 826
    with opened(full, "eluc") as file:
        assert file["ELUC"][0, row, column] != 0


def test_management_is_plausible(folder: Path) -> None:
    values = read(folder, "management")
    crops = read(folder, "states", *CROPS)
    for name, array in values.items():
        highest = 500 if name.startswith("fertl") else 1
        assert 0 <= array.min() <= array.max() <= highest, name
    for crop in CROPS:
        for kind in ("fertl", "irrig", "crpbf"):
            managed = values[f"{kind}_{crop}"]
            assert (managed > 0).any()
            assert not (managed[crops[crop][:-1] == 0] > 0).any()
    wood = values["rndwd"] + values["fulwd"] + values["combf"]
    assert np.abs(wood[wood > 0] - 1).max() < 1e-6


def test_the_same_sample_again_is_left_alone(tmp_path: Path) -> None:
    options = {"eluc", "static"}
    paths = write_sample(tmp_path, years=(2000, 2000), resolution=COARSE, only=options)
    assert [path.name for path in paths] == [sample_files()["eluc"], sample_files()["static"]]
    before = [path.stat().st_mtime_ns for path in paths]
    again = write_sample(tmp_path, years=(2000, 2000), resolution=COARSE, only=options)
    assert again == paths
    assert [path.stat().st_mtime_ns for path in paths] == before


def test_a_sample_with_other_parameters_is_replaced(tmp_path: Path) -> None:
    (path,) = write_sample(tmp_path, years=(2000, 2000), resolution=COARSE, only=["eluc"])
    assert is_synthetic(path)
    assert matches(path, (2000, 2000), COARSE, 0)
    for years, resolution, seed in [
        ((2000, 2001), COARSE, 0),
        ((2000, 2000), 1.0, 0),
        ((2000, 2000), COARSE, 5),
    ]:
        assert not matches(path, years, resolution, seed)
    write_sample(tmp_path, years=(2000, 2001), resolution=COARSE, seed=5, only=["eluc"])
    assert matches(path, (2000, 2001), COARSE, 5)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_of_another_origin_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "states.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.title = "UofMD LUH2-GCB2022"
    before = path.read_bytes()
    assert not is_synthetic(path)
    with pytest.raises(OutputError, match=r"states\.nc: exists and is not marked as synthetic"):
        write_sample(tmp_path, years=(2000, 2000), resolution=COARSE, only=["eluc", "states"])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path], "nothing may be written before the refusal"


def test_a_file_that_arrives_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "states.nc"

    def download(source: str, done: int, total: int) -> None:
        path.write_bytes(b"a real file")

    with pytest.raises(OutputError, match="not marked as synthetic"):
        write_sample(
            tmp_path, years=(2000, 2000), resolution=COARSE, only=["states"], progress=download
        )
    assert path.read_bytes() == b"a real file"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_sample_leaves_nothing_behind(
    tmp_path: Path, error: type[BaseException]
) -> None:
    (path,) = write_sample(tmp_path, years=(2000, 2000), resolution=COARSE, only=["eluc"])
    before = path.read_bytes()

    def stop(source: str, done: int, total: int) -> None:
        assert len(list(tmp_path.iterdir())) == 2, "a temporary file beside the old one"
        if done == 2:
            raise error

    with pytest.raises(error):
        write_sample(tmp_path, years=(2000, 2003), resolution=COARSE, only=["eluc"], progress=stop)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_what_is_damaged_or_no_netcdf4_is_not_synthetic(tmp_path: Path) -> None:
    (path,) = write_sample(tmp_path, years=(2000, 2000), resolution=COARSE, only=["eluc"])
    cut = tmp_path / "cut.nc"
    cut.write_bytes(path.read_bytes()[:-100])
    text = tmp_path / "text.nc"
    text.write_text("synthetic = yes")
    classic = tmp_path / "classic.nc"
    with netCDF4.Dataset(classic, "w", format="NETCDF3_CLASSIC") as file:
        file.synthetic = "yes: made by luc-load sample, not LUH2"
    for wrong in (cut, text, classic, tmp_path / "missing.nc", tmp_path):
        assert not is_synthetic(wrong)
        assert not matches(wrong, (2000, 2000), COARSE, 0)


def test_progress_counts_every_year_of_every_source(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    write_sample(
        tmp_path,
        years=(1849, 1850),
        resolution=COARSE,
        only={"static", "states", "eluc"},
        progress=lambda *report: seen.append(report),
    )
    states = [("states", done, 3) for done in (0, 1, 2, 3)]
    assert seen == [("eluc", 0, 1), ("eluc", 1, 1), *states, ("static", 1, 1)]


def test_before_1850_there_are_no_emissions(tmp_path: Path) -> None:
    paths = write_sample(tmp_path, years=(1700, 1700), resolution=COARSE)
    assert [path.name for path in paths] == [
        sample_files()[s] for s in sample_files() if s != "eluc"
    ]
    with pytest.raises(UsageError, match="eluc begins in 1850"):
        write_sample(tmp_path, years=(1700, 1849), resolution=COARSE, only=["eluc"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"years": (849, 900)}, "849:900"),
        ({"years": (1990, 2022)}, "1990:2022"),
        ({"years": (2000, 1999)}, "2000:1999"),
        ({"resolution": 0.3}, "expected 0.25, 0.5, 1, 2"),
        ({"seed": -1}, "negative"),
        ({"only": ["state"]}, "expected some of eluc, states"),
    ],
)
def test_impossible_options_are_refused(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        write_sample(tmp_path / "new", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_years(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from loader.sampling import write_sample; "
        "write_sample(sys.argv[1], years=(2000, int(sys.argv[2])), resolution=0.5, "
        "only=['states']); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for last in (2001, 2009):
        command = [sys.executable, "-c", code, str(tmp_path / str(last)), str(last)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout) / 1024)
    # Eight more years are 116 MB uncompressed.
    assert peaks[1] - peaks[0] < 25


def test_a_disk_without_room_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=5_000))
    with pytest.raises(OutputError, match=r"has 5 kB free, but the sample needs about .* MB"):
        write_sample(tmp_path / "new" / "raw", years=(2000, 2002), resolution=COARSE)
    with pytest.raises(OutputError, match="but the sample needs about"):
        build(sample=True, out=tmp_path / "out", years="2000:2002")
    assert not list(tmp_path.rglob("*.nc"))


def test_files_that_are_there_need_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sample(tmp_path, years=(2000, 2001), resolution=COARSE)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    assert write_sample(tmp_path, years=(2000, 2001), resolution=COARSE)


@pytest.mark.slow
def test_the_estimate_of_a_sample_is_no_less_than_its_files_and_not_much_more(full: Path) -> None:
    names = {path: name for name, path in sample_files().items()}
    found = {names[path.name]: path.stat().st_size for path in full.glob("*.nc")}
    assert found
    for name, size in found.items():
        estimated = sample_bytes([name], (2012, 2012), 0.25)
        assert size <= estimated <= 1.25 * size, name


def test_two_that_need_the_same_sample_write_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second would replace files that the first is reading already."""
    options: dict[str, Any] = {"years": (2000, 2001), "resolution": COARSE, "only": ["eluc"]}
    (path,) = write_sample(tmp_path / "first", **options)
    raw = tmp_path / "raw"
    raw.mkdir()
    began = threading.Event()
    monkeypatch.setattr(writing, "refuse_full_disk", lambda *_: began.set())
    second = threading.Thread(target=write_sample, args=(raw,), kwargs=options)
    with waiting_lock(raw):
        second.start()
        assert began.wait(10)
        second.join(0.3)
        assert second.is_alive(), "it does not wait"
        shutil.copy(path, raw)
        inode = (raw / path.name).stat().st_ino
    second.join()
    assert [file.stat().st_ino for file in raw.iterdir()] == [inode]
