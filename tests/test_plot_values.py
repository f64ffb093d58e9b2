"""What a picture shows: the values drawn are those of the source files, in their places."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from files import GRIDS, Form, Place, eluc_content, state_content, write
from sql_database import CROPS

from loader import DatabaseError, UsageError, build, write_sample
from loader.exporting.selection import Selection
from loader.plotting.colours import MISSING, SEA, colour_scale
from loader.plotting.frame import Domain, cells_at, coast_and_borders, frame_of, land_at
from loader.plotting.gridded import MapData, change_data, map_data
from loader.plotting.projections import EqualEarth, Flat, LambertEqualArea, Orthographic, Projection
from loader.plotting.sense import Sense
from loader.plotting.series import STACK, PlaceSeries, SeriesData, series_data
from loader.plotting.session import Session, opened
from loader.plotting.wording import sign_in_words

matplotlib = pytest.importorskip("matplotlib")

from matplotlib import colormaps  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402
from PIL import Image  # noqa: E402

from loader.plotting.charts import draw_series  # noqa: E402
from loader.plotting.mapping import MapStyle, draw_map  # noqa: E402
from loader.plotting.plot import picture_bytes  # noqa: E402

YEARS = (2009, 2010, 2011, 2013)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic world of 2 degrees: emissions of 2010-2013, states of 2010-2014, countries."""
    made = tmp_path_factory.mktemp("plot")
    write_sample(made / "raw", years=(2010, 2013), resolution=2, only=["eluc", "states", "static"])
    static = next((made / "raw").glob("static*"))
    build(raw=made / "raw", static=static, out=made / "out")
    return made


@pytest.fixture(scope="module")
def session(folder: Path) -> Iterator[Session]:
    with opened(folder / "out") as found:
        yield found


@pytest.fixture(scope="module")
def eluc(folder: Path) -> xr.DataArray:
    with xr.open_dataset(next((folder / "raw").glob("BLUE*")), decode_times=False) as source:
        return source["ELUC"].sortby("lat", ascending=False).sortby("lon").load()


@pytest.fixture(scope="module")
def states(folder: Path) -> xr.Dataset:
    with xr.open_dataset(folder / "raw" / "states.nc", decode_times=False) as source:
        in_order = source.sortby("lat", ascending=False).sortby("lon").load()
    return in_order.assign_coords(time=in_order.time + 850)


def in_world(values: np.ndarray, drawn: np.ndarray) -> None:
    """Assert that stored cells have their values, and that only cells without emissions are not."""
    stored = ~np.isnan(drawn)
    np.testing.assert_array_equal(drawn[stored], values[stored])
    assert not np.nan_to_num(values[~stored]).any()


def test_emissions_lie_where_the_source_has_them(session: Session, eluc: xr.DataArray) -> None:
    data = map_data(session, "eluc", 2012)
    in_world(eluc.sel(time=2012).to_numpy().astype(np.float64), data.values)
    assert data.values.shape == (90, 180)
    assert (data.grid.latitude[0], data.grid.longitude[0]) == (89, -179)
    assert data.years == (2012,)
    assert data.title == "Net emissions from land-use change, 2012"
    assert data.unit == "t C ha⁻¹ yr⁻¹"
    assert data.synthetic
    assert data.sense == Sense("emission", 1)


def test_a_sum_of_columns_is_that_of_the_source(session: Session, states: xr.Dataset) -> None:
    data = map_data(session, "crop + urban", 2011)
    state = states.sel(time=2011)
    crop = sum(state[name].to_numpy().astype(np.float64) for name in CROPS)
    expected = crop.astype(np.float32) + state["urban"].to_numpy()  # type: ignore[union-attr]  # not 0
    np.testing.assert_array_equal(data.values, expected.astype(np.float64))
    assert data.unit == "share of the cell"
    assert data.title == "Cropland + urban land, 1 January 2011, share of the cell"
    assert not data.sense.is_flux
    loud = map_data(session, "CROP + Urban", 2011)
    np.testing.assert_array_equal(loud.values, data.values)
    assert (loud.unit, loud.title) == (data.unit, data.title)


def test_a_change_is_the_last_year_less_the_first(session: Session, states: xr.Dataset) -> None:
    data = change_data(session, "primf", (2010, 2014))
    primf = states["primf"].astype(np.float64)
    expected = (primf.sel(time=2014) - primf.sel(time=2010)).to_numpy()
    np.testing.assert_array_equal(data.values, expected)
    assert data.sense.is_change
    assert data.title.endswith(", change from 1 January 2010 to 1 January 2014")


def test_the_latest_year_with_values_is_taken(session: Session) -> None:
    assert map_data(session, "eluc").years == (2013,)
    assert map_data(session, "crop").years == (2014,)
    assert map_data(session, "forest_diff").years == (2013,)
    assert map_data(session, "land_fraction").years == ()


def test_a_difference_says_which_view_it_is_of(session: Session, states: xr.Dataset) -> None:
    urban = states["urban"]
    during = map_data(session, "urban_diff", 2012)
    later = urban.sel(time=2013).to_numpy() - urban.sel(time=2012).to_numpy()
    seen = ~np.isnan(during.values)
    np.testing.assert_array_equal(during.values[seen], later[seen].astype(np.float64))
    before = map_data(session, "urban_diff", 2012, relation="state_diff")
    earlier = urban.sel(time=2012).to_numpy() - urban.sel(time=2011).to_numpy()
    np.testing.assert_array_equal(before.values, earlier.astype(np.float64))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("nothing", "no table or view has a column nothing"),
        ("crop + primf_to_urban", "no table or view has a column primf_to_urban"),
        ("forst", "no table or view has a column forst; did you mean forest"),
        ("crop, urban", "is more than one SQL expression"),
        ("crop AS urban", "is more than one SQL expression"),
        ("crop FROM state --", "is more than one SQL expression"),
        ("(SELECT max(crop) FROM land_use)", "contains a subquery"),
        ("crop); DROP TABLE state; --", "is not one SQL expression"),
        ("crop; DELETE FROM state", "is not one SQL expression"),
        ("sum(crop) OVER ()", "contains a window"),
        ("sum(crop)", "cannot be evaluated in eluc_state"),
        ("crop || 'x'", "cannot be evaluated in eluc_state: it is text"),
        ("?", "contains a parameter"),
        ("1 + 1", "names no column"),
        ("  ", "is not an expression"),
        ("*", "contains a star"),
    ],
)
def test_what_is_no_expression_is_refused(session: Session, column: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        map_data(session, column, 2012)
    assert "LINE" not in str(caught.value)


def test_years_that_are_not_there_are_named(session: Session) -> None:
    with pytest.raises(
        UsageError, match=r"no value in 1990 .* eluc of 2010-2013 and state of 2010-2014"
    ):
        map_data(session, "eluc", 1990)
    with pytest.raises(UsageError, match="'eluc' has no value in 2014"):
        change_data(session, "eluc", (2012, 2014))
    with pytest.raises(UsageError, match="two different years"):
        change_data(session, "crop", (2012, 2012))
    with pytest.raises(UsageError, match="has no years: leave out --year"):
        map_data(session, "area_ha", 2012, relation="cell")
    with pytest.raises(UsageError, match="--from is 'source'; expected one of"):
        map_data(session, "path", 2012, relation="source")
    with pytest.raises(UsageError, match="eluc has no column crop"):
        map_data(session, "crop", 2012, relation="eluc")


def test_several_rows_of_a_cell_are_no_map(session: Session) -> None:
    assert "eluc_map_1deg" not in session.relations
    for relation, columns in session.relations.items():
        if "year" in columns:
            rows = session.con.execute(
                f'SELECT count(*) - count(DISTINCT cell_id) FROM "{relation}" WHERE year = 2012'
            ).fetchall()
            assert rows[0][0] == 0, relation


def test_the_session_reaches_and_changes_nothing(session: Session, tmp_path: Path) -> None:
    for sql in (
        "DELETE FROM state",
        f"COPY cell TO '{tmp_path / 'cell.csv'}'",
        "SET enable_external_access = true",
        f"SELECT * FROM read_text('{__file__}')",
    ):
        with pytest.raises(Exception, match=r"read-only|disabled|locked|external"):
            session.con.execute(sql).fetchall()
    assert not list(tmp_path.iterdir())


def test_infinite_values_are_missing_and_told_of(session: Session) -> None:
    data = map_data(session, "1 / floor(forest * 2)", 2012)
    assert data.not_finite > 100
    assert np.nanmin(data.values) == 0.5
    assert not np.isinf(data.values).any()
    texts = [text.get_text() for text in draw_map(data).texts]
    assert any(f"{data.not_finite} infinite values are drawn as missing" in text for text in texts)
    assert data.unit == "unit not known"
    assert map_data(session, "eluc * 2", 2012, unit="t C").unit == "t C"


def pixels(data: MapData) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Return a flat map's picture, and where in it the map lies."""
    figure = draw_map(data, MapStyle(projection="flat"), coast=False)
    picture = np.asarray(Image.open(io.BytesIO(picture_bytes(figure, "png", "x"))).convert("RGB"))
    box = figure.axes[0].get_position()
    height, width = picture.shape[:2]
    top, bottom = round((1 - box.y1) * height), round((1 - box.y0) * height)
    left, right = round(box.x0 * width), round(box.x1 * width)
    return picture, (slice(top, bottom), slice(left, right))


def expected_colours(data: MapData) -> np.ndarray:
    scale = colour_scale(data)
    share = np.clip((data.values - scale.low) / (scale.high - scale.low), 0, 1)
    colours = colormaps[scale.name](np.nan_to_num(share))[..., :3]
    colours[np.isnan(data.values)] = to_rgb(SEA)
    colours[np.isnan(data.values) & (data.land >= 0.5)] = to_rgb(MISSING)
    return np.round(colours * 255)


@pytest.mark.parametrize("column", ["eluc", "forest"])
def test_every_cell_is_a_block_of_pixels_of_its_colour(session: Session, column: str) -> None:
    data = map_data(session, column, 2012)
    picture, (rows, columns) = pixels(data)
    drawn = picture[rows, columns].astype(np.float64)
    assert data.domain.south in {-60, -90}
    rows_shown = round((90 - data.domain.south) / 2)
    assert drawn.shape == (8 * rows_shown, 1440, 3)
    expected = np.repeat(np.repeat(expected_colours(data)[:rows_shown], 8, axis=0), 8, axis=1)
    # The frame of the axes covers the outermost pixels.
    inner = (slice(2, -2), slice(2, -2))
    assert np.abs(drawn[inner] - expected[inner]).max() <= 1


@pytest.mark.parametrize("name", ["region", "across the date line"])
def test_a_region_draws_its_own_extent(tmp_path: Path, name: str) -> None:
    place = GRIDS[name]
    session_of = built_region(tmp_path, place)
    with opened(session_of) as found:
        data = map_data(found, "primf", YEARS[0])
        figure = draw_map(data, MapStyle(projection="flat"))
        series = series_data(found)
    content = state_content(1, place, YEARS)
    np.testing.assert_array_equal(data.values, content.values["primf"][0].astype(np.float64))
    axes = figure.axes[0]
    west, east = axes.get_xlim()
    assert west == pytest.approx(place.west - place.step_lon / 2, abs=1e-5)
    assert east - west == pytest.approx(place.n_lon * place.step_lon, abs=1e-5)
    assert axes.get_ylim()[1] == pytest.approx(place.north + place.step_lat / 2)
    labels = [text.get_text() for text in axes.texts]
    assert len(labels) > 4
    if name == "across the date line":
        assert "180°" in labels
        assert any("W" in label for label in labels)
    assert isinstance(series, PlaceSeries)
    assert series.place.startswith("Region ")


def built_region(tmp_path: Path, place: Place) -> Path:
    raw = tmp_path / "raw"
    raw.mkdir()
    states = write(raw / "states.nc", state_content(1, place, YEARS), Form())
    eluc = write(raw / "eluc.nc", eluc_content(2, place, YEARS), Form())
    build(states=states, eluc=eluc, out=tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("column", "scale", "sign"),
    [
        ("eluc * 3.664", "RdBu_r", "positive: source to the atmosphere"),
        ("coalesce(round(emission_tc / area_ha, 3), 0)", "RdBu_r", "source"),
        ("CASE WHEN forest > 0.2 THEN ELUC * 44 / 12 END", "RdBu_r", "source"),
        ("greatest(eluc, 0)", "RdBu_r", "source"),
        ("-eluc", "RdBu", "positive: sink on land"),
        ("0 - eluc * crop", "RdBu", "sink"),
        ("eluc_diff * 2", "RdBu_r", "positive: more emitted"),
        ("abs(eluc)", "OrRd", ""),
        ("eluc * forest_diff", "PuOr_r", ""),
        ("forest * 100", "Greens", ""),
        ("1 - forest", "YlGnBu", ""),
        ("forest_diff * area_ha", "BrBG", ""),
        ("-(primf_diff + secdf_diff)", "BrBG_r", ""),
        ("crop_diff", "PuOr_r", ""),
        ("c3ann + c4ann", "YlOrBr", ""),
        ("CAST(is_land AS INTEGER)", "YlGnBu", ""),
    ],
)
def test_the_scale_follows_what_an_expression_means(
    session: Session, column: str, scale: str, sign: str
) -> None:
    data = map_data(session, column, 2012)
    assert colour_scale(data).name == scale
    words = sign_in_words(data.sense)
    assert sign in words
    assert bool(sign) == bool(words)


def test_colours_are_centred_on_zero_and_not_stretched_by_a_few() -> None:
    session_values = np.zeros((10, 100))
    session_values.ravel()[:500] = np.linspace(-0.4, 0.9, 500)
    session_values[9, 99] = 70.0
    data = example(session_values, signed=True)
    scale = colour_scale(data)
    assert scale.low == -scale.high
    assert 0.88 <= scale.high <= 1
    assert scale.extend == "max"
    assert "70" in scale.remark
    assert "98%" in scale.remark
    asked = colour_scale(data, (-0.1, 0.2))
    assert (asked.low, asked.high, asked.extend) == (-0.1, 0.2, "both")
    with pytest.raises(UsageError, match="a lower and a higher"):
        colour_scale(data, (1, 1))


@pytest.mark.parametrize(
    ("values", "low", "high", "name"),
    [
        (np.linspace(0, 1, 100), 0, 1, "YlGnBu"),
        (np.linspace(-1, 1, 100), -1, 1, "PuOr_r"),
        (np.linspace(0, 0.013, 100), 0, 0.015, "YlGnBu"),
        (np.zeros(100), 0, 1, "YlGnBu"),
        (np.full(100, np.nan), 0, 1, "YlGnBu"),
    ],
)
def test_the_scale_follows_the_values(
    values: np.ndarray, low: float, high: float, name: str
) -> None:
    scale = colour_scale(example(values.reshape(10, 10)))
    assert (scale.low, scale.high) == pytest.approx((low, high))
    assert scale.name == name


def test_values_far_from_zero_get_all_colours() -> None:
    scale = colour_scale(example(np.linspace(76000, 77000, 100).reshape(10, 10)))
    assert 75000 <= scale.low <= 76100
    assert 76900 <= scale.high <= 78000


def example(values: np.ndarray, *, signed: bool = False, unit: str = "t") -> MapData:
    from loader.grid import Grid  # noqa: PLC0415

    return MapData(
        values=values,
        land=np.ones(values.shape, dtype=np.float32),
        grid=Grid(values.shape[0], values.shape[1], 9.5, 0.5, 1, 1),
        domain=Domain(0, 10.0 - values.shape[0], values.shape[1], 10),
        outside=None,
        title="x",
        unit=unit,
        source="x",
        sense=Sense("other", 1, is_change=signed),
        synthetic=False,
        years=(2000,),
        not_finite=0,
    )


def test_a_share_is_not_drawn_beyond_1() -> None:
    values = np.linspace(0.2, 1, 100).reshape(10, 10)
    values[0, 0] = 1 + 1e-6
    scale = colour_scale(example(values * 1.0000001, unit="share of the cell"))
    assert (scale.low, scale.high, scale.extend) == (0, 1, "neither")
    assert colour_scale(example(values * 1.2, unit="share of the cell")).high == 1.5


@pytest.mark.parametrize("signed", [False, True])
def test_a_scale_by_quantiles_gives_each_colour_as_many_cells(*, signed: bool) -> None:
    values = np.random.default_rng(3).lognormal(0, 3, 10_000).reshape(100, 100)
    values[::2] *= -1 if signed else 1
    scale = colour_scale(example(values), kind="quantile")
    counts, _ = np.histogram(values, [scale.low, *scale.bounds[1:-1], scale.high])
    if signed:
        middle = len(counts) // 2
        assert counts[middle] == pytest.approx(2000, rel=0.1)
        counts = np.delete(counts, middle)
    # The outermost limits are those of the values, also where one side reaches farther.
    assert (scale.bounds[0] < 0) == signed
    assert scale.bounds[-1] == values.max()
    np.testing.assert_allclose(counts, counts.mean(), rtol=0.15)
    for kind, message in (("cubic", "--scale is 'cubic'"),):
        with pytest.raises(UsageError, match=message):
            colour_scale(example(values), kind=kind)
    with pytest.raises(UsageError, match="--cmap is 'nice', which matplotlib does not have"):
        colour_scale(example(values), name="nice")


WORLD = Domain(-180, -90, 180, 90)
PROJECTIONS: list[Projection] = [
    Flat(-180),
    EqualEarth(0),
    EqualEarth(150),
    LambertEqualArea(52, 10),
    LambertEqualArea(-90, 0),
    Orthographic(51.5, -0.1),
    Orthographic(-30, 179.9),
    Orthographic(90, 0),
]


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_a_place_on_a_map_is_found_again(projection: Projection) -> None:
    lon, lat = np.meshgrid(np.arange(-179.3, 180, 7.1), np.arange(-88.1, 89, 5.3))
    x, y = projection.forward(lon, lat)
    seen = np.isfinite(x)
    assert seen.mean() > 0.4
    back_lon, back_lat = projection.inverse(x[seen], y[seen])
    np.testing.assert_allclose(back_lat, lat[seen], atol=1e-6)
    away = (back_lon - lon[seen] + 180) % 360 - 180
    np.testing.assert_allclose(away * np.cos(np.deg2rad(lat[seen])), 0, atol=1e-6)


@pytest.mark.parametrize("projection", PROJECTIONS[1:5])
def test_equal_areas_are_drawn_equal(projection: Projection) -> None:
    for lon, lat in ((10.0, 52.0), (40.0, -20.0), (-60.0, 70.0), (120.0, 0.0)):
        step = 1e-4
        corners = np.array([[0, 0], [step, 0], [step, step], [0, step]])
        x, y = projection.forward(lon + corners[:, 0], lat + corners[:, 1])
        drawn = abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2
        real = np.deg2rad(step) * (np.sin(np.deg2rad(lat + step)) - np.sin(np.deg2rad(lat)))
        assert drawn == pytest.approx(real, rel=1e-3)


def test_the_equal_earth_map_has_its_published_shape() -> None:
    # Savric, Patterson and Jenny (2018): the map is 2.05 times as wide as it is high.
    frame = frame_of(WORLD, "equal-area")
    assert isinstance(frame.projection, EqualEarth)
    assert frame.aspect == pytest.approx(2.05458, abs=1e-4)
    assert isinstance(frame_of(Domain(-10, 35, 30, 60), "equal-area").projection, LambertEqualArea)


def test_the_middle_of_the_globe_is_the_place_asked_for(session: Session) -> None:
    for latitude, longitude in ((51.1, -0.3), (-33.7, 151.1), (0.3, -179.9), (89.9, 17)):
        frame = frame_of(WORLD, "globe", (latitude, longitude))
        cells = cells_at(session.grid, *frame.places(301, 301))
        expected = session.con.execute(f"SELECT cell_at({latitude}, {longitude})").fetchall()
        assert cells[150, 150] == expected[0][0]
        assert cells[0, 0] == -1


def test_land_is_where_countries_are() -> None:
    places = {
        (51.5, -0.5): True, (-14.0, -52.0): True, (61.0, 100.0): True, (-82.0, 20.0): True,
        (-29.5, 28.3): True, (66.5, 179.0): True, (67.0, -179.5): True,
        (0.0, -30.0): False, (70.0, -10.0): False, (42.0, 51.0): False, (40.0, 179.9): False,
    }  # fmt: skip
    lat, lon = (np.array([list(values)]) for values in zip(*places, strict=True))
    np.testing.assert_array_equal(land_at(lon, lat)[0], list(places.values()))
    coasts, borders = coast_and_borders()
    points = np.concatenate(borders)
    # The border of Canada and the United States along 49 degrees north is no coast.
    west = points[(np.abs(points[:, 1] - 49) < 0.02) & (np.abs(points[:, 0] + 110) < 15)]
    assert len(west) >= 2
    coast = np.concatenate(coasts)
    assert not ((np.abs(coast[:, 1] - 49) < 0.02) & (np.abs(coast[:, 0] + 105) < 5)).any()


def test_antarctica_is_left_out_where_it_has_nothing(session: Session) -> None:
    assert map_data(session, "forest", 2012).domain.south == -60
    assert map_data(session, "is_land").domain.south == -90


def test_cells_of_the_coast_do_not_colour_the_sea(session: Session) -> None:
    data = map_data(session, "eluc", 2012)
    figure = draw_map(data)
    picture = np.asarray(figure.axes[0].images[0].get_array())
    rows, columns = picture.shape[:2]
    longitude, latitude = frame_of(data.domain, "equal-area").places(columns, rows)
    sea = np.isfinite(longitude) & ~land_at(longitude, latitude)
    assert (picture[sea][:, :3] == np.round(255 * np.array(to_rgb(SEA)))).all()
    assert (picture[~np.isfinite(longitude)][:, 3] == 0).all()


def test_a_mask_is_read_for_every_cell(session: Session) -> None:
    data = map_data(session, "is_land")
    assert data.years == ()
    assert not np.isnan(data.values).any()
    assert data.unit == "1 is yes, 0 is no"


def test_a_selection_is_drawn_alone(session: Session) -> None:
    data = map_data(session, "forest", 2012, selection=Selection(countries=("Brazil",)))
    sql = """SELECT cell_id FROM cell_region JOIN region USING (region_id)
        WHERE layer = 'country' AND code = 'BRA'"""
    cells = [cell for (cell,) in session.con.execute(sql).fetchall()]
    brazil = np.isin(np.arange(data.values.size), cells).reshape(data.values.shape)
    assert data.outside is not None
    np.testing.assert_array_equal(data.outside, ~brazil)
    assert np.isnan(data.values[~brazil]).all()
    assert not np.isnan(data.values[brazil]).all()
    assert data.title.startswith("Brazil: forest, 1 January 2012")
    assert -80 < data.domain.west < data.domain.east < -30
    box = map_data(session, "forest", 2012, selection=Selection.parse(bbox="170,-50,-170,-30"))
    assert (box.domain.west, box.domain.east) == (170, 190)


def test_the_colours_of_a_box_are_those_of_its_values(session: Session) -> None:
    data = map_data(session, "eluc", 2012, selection=Selection.parse(bbox="-10,36,30,60"))
    grid = session.grid
    inside = (grid.latitude[:, None] > 36) & (grid.latitude[:, None] < 60)
    inside = inside & (grid.longitude > -10) & (grid.longitude < 30)
    stored = inside & ~np.isnan(data.values)
    np.testing.assert_array_equal(np.sort(data.visible), np.sort(data.values[stored]))
    assert colour_scale(data).high < colour_scale(map_data(session, "eluc", 2012)).high


@pytest.mark.parametrize(
    ("column", "relation", "title"),
    [
        ("forest_diff", "luc", "Change of forest, during 2012, share of the cell"),
        ("crop_diff", "state_diff", "from 1 January 2011 to 1 January 2012, share of the cell"),
        ("eluc_diff", "eluc_diff", "Change of net emissions from land-use change, from 2011 to"),
        ("forest", "luc", "Forest, 1 January 2012, share of the cell"),
    ],
)
def test_the_title_tells_when_a_change_happened(
    session: Session, column: str, relation: str, title: str
) -> None:
    assert title in map_data(session, column, 2012, relation).title


def test_masks_have_two_colours_and_codes_no_unit(session: Session) -> None:
    mask = colour_scale(map_data(session, "is_land"))
    assert (mask.bounds, mask.extend) == ((-0.5, 0.5, 1.5), "neither")
    bar = draw_map(map_data(session, "is_land")).axes[1]
    assert [label.get_text() for label in bar.get_xticklabels()] == ["no", "yes"]
    assert map_data(session, "country_code").unit == "code"


def test_large_numbers_are_written_in_a_power_of_ten() -> None:
    figure = draw_map(example(np.linspace(0, 2e7, 100).reshape(10, 10)))
    bar = figure.axes[1]
    assert bar.get_xlabel() == "10⁶ t"
    labels = [label.get_text() for label in bar.get_xticklabels()]
    assert labels[0] == "0"
    assert max(float(label) for label in labels) == 20


def test_carbon_dioxide_is_drawn_on_demand(session: Session) -> None:
    carbon, dioxide = (map_data(session, "eluc", 2012, co2=co2) for co2 in (False, True))
    np.testing.assert_allclose(dioxide.values, carbon.values * 3.664)
    assert dioxide.unit == "t CO₂ ha⁻¹ yr⁻¹"
    with pytest.raises(
        UsageError, match="--co2 converts emissions of carbon; 'forest' is in share"
    ):
        map_data(session, "forest", 2012, co2=True)


def test_lines_are_sums_and_means_over_cells(session: Session) -> None:
    data = series_data(
        session,
        ["eluc", "crop + urban", "secma"],
        selection=Selection(countries=("Brazil", "Peru")),
        co2=True,
    )
    assert isinstance(data, SeriesData)
    assert [panel.unit for panel in data.panels] == [
        "Mt CO₂ yr⁻¹",
        "million hectares",
        "years, mean weighted by area",
    ]
    sql = """
        SELECT sum(eluc * area_ha) * 3.664 / 1e6, sum((crop + v.urban)::DOUBLE * area_ha) / 1e6,
            sum(secma * area_ha) / sum(area_ha) FILTER (WHERE secma IS NOT NULL)
        FROM eluc_state AS v JOIN state USING (cell_id, year) JOIN cell c USING (cell_id)
            JOIN cell_region AS m USING (cell_id) JOIN region AS r USING (region_id)
        WHERE r.layer = 'country' AND r.code = 'PER' AND year = 2012"""
    weighted = sql.replace("area_ha", "c.area_ha * m.weight")
    wanted = session.con.execute(weighted).fetchall()[0]
    at = list(data.years).index(2012)
    peru = [panel.lines[1].values[at] for panel in data.panels]
    np.testing.assert_allclose(peru, wanted, rtol=1e-9)
    cells = series_data(session, ["eluc"], at=[(-3, -60), (51, 0)])
    assert isinstance(cells, SeriesData)
    assert [line.place for line in cells.panels[0].lines] == [
        "Cell at 3° S 59° W",
        "Cell at 51° N 1° E",
    ]
    figure = draw_series(data)
    assert [axes.get_ylabel() for axes in figure.axes] == [panel.unit for panel in data.panels]
    with pytest.raises(
        UsageError, match="--at selects one cell, and --country, --region and --bbox many"
    ):
        series_data(session, ["eluc"], at=[(0, 20)], selection=Selection(countries=("Peru",)))
    with pytest.raises(UsageError, match=r"is a column of cell|no table or view"):
        series_data(session, ["land_fraction"])


def test_years_on_an_axis_are_whole_and_plain(session: Session) -> None:
    for years in ((None, None), (2012, 2012)):
        figure = draw_series(series_data(session, years=years))
        figure.canvas.draw()
        labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
        assert labels
        assert all(label.isdigit() and 2009 <= int(label) <= 2015 for label in labels)
    figure = draw_map(map_data(session, "year", 2012, relation="eluc"))
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    assert all(label.isdigit() for label in labels)
    assert any("from 2012 to 2012" in text.get_text() for text in figure.texts)


def one_place(session: Session, **options: Any) -> PlaceSeries:  # noqa: ANN401  # of series_data
    data = series_data(session, **options)
    assert isinstance(data, PlaceSeries)
    return data


def test_a_series_is_that_of_the_cell(
    session: Session, eluc: xr.DataArray, states: xr.Dataset
) -> None:
    data = one_place(session, at=[(51.507, -0.127)])
    here = {"lat": 51.507, "lon": -0.127}
    state = states.sel(here, method="nearest").sel(time=slice(2010, 2014))
    np.testing.assert_array_equal(data.years, np.arange(2010, 2015))
    for name in set(STACK) - {"crop"}:
        np.testing.assert_array_equal(data.uses[name], state[name].to_numpy().astype(np.float64))
    crop = sum(state[name].to_numpy().astype(np.float64) for name in CROPS)
    np.testing.assert_array_equal(data.uses["crop"], np.float32(crop))
    expected = eluc.sel(here, method="nearest").to_numpy().astype(np.float64)
    np.testing.assert_array_equal(data.emissions, [*expected, np.nan])
    assert "52° N" not in data.place
    assert "51° N 1° W" in data.place


def test_a_series_of_the_globe_sums_every_cell(
    session: Session, folder: Path, eluc: xr.DataArray, states: xr.Dataset
) -> None:
    with xr.open_dataset(next((folder / "raw").glob("BLUE*")), decode_times=False) as source:
        area = source["cell_area"].astype(np.float64).load()
    data = one_place(session, years=(2011, None))
    expected = (eluc.astype(np.float64) * area).sum(["lat", "lon"]).to_numpy() / 1e9
    np.testing.assert_allclose(data.emissions[:-1], expected[1:], rtol=1e-12)
    urban = (states["urban"].astype(np.float64) * area).sum(["lat", "lon"]).to_numpy() / 1e6
    np.testing.assert_allclose(data.uses["urban"], urban[-4:], rtol=1e-12)
    assert (data.use_unit, data.emission_unit) == ("million hectares", "Pg C yr⁻¹")


def test_a_country_is_found_by_its_names(session: Session) -> None:
    by_name = one_place(session, selection=Selection(countries=(" brazil ",)))
    by_code = one_place(session, selection=Selection(countries=("76",)))
    assert (
        by_name.place
        == by_code.place
        == one_place(session, selection=Selection(countries=("BRA",))).place
        == "Brazil"
    )
    rows = session.con.execute(
        "SELECT emission_mtc FROM eluc_country WHERE country_iso3 = 'BRA' ORDER BY year"
    ).fetchall()
    np.testing.assert_array_equal(by_name.emissions[:-1], [row[0] for row in rows])
    with pytest.raises(UsageError, match=r"'brasil' is not a known country; did you mean Brazil"):
        series_data(session, selection=Selection(countries=("brasil",)))
    for swapped in ((151.2, -33.9), (-0.127, 51.507)):
        with pytest.raises(UsageError, match=r"--at: .* meant\? The latitude comes first"):
            series_data(session, at=[swapped])
        with pytest.raises(UsageError, match=r"--at: .* meant\? The latitude comes first"):
            series_data(session, ["eluc"], at=[swapped])
    for nowhere in ((0, float("inf")), (float("nan"), 0)):
        with pytest.raises(UsageError, match=r"latitude in -90\.\.90"):
            series_data(session, at=[nowhere])
    with pytest.raises(UsageError, match="no values in the years chosen; it has 2010-2014"):
        series_data(session, years=(1900, 1950))


def test_gaps_of_a_series_stay_gaps(tmp_path: Path) -> None:
    out = built_region(tmp_path, GRIDS["region"])
    with opened(out) as found:
        data = one_place(found)
        with pytest.raises(UsageError, match="no cell of this database is in Brazil"):
            series_data(found, selection=Selection(countries=("BRA",)))
    np.testing.assert_array_equal(data.years, np.arange(2009, 2014))
    assert np.isnan(data.uses["urban"][3])
    assert np.isnan(data.emissions[3])
    figure = draw_series(data)
    uses, emissions = (axes.get_ylabel() for axes in figure.axes)
    # The values are random bits, so they are written in a power of ten.
    assert uses.endswith(" million hectares")
    assert emissions == "net emissions, Pg C yr⁻¹"
    bars = {round(bar.get_x() + bar.get_width() / 2) for bar in figure.axes[1].patches}  # type: ignore[attr-defined]  # bars
    assert 2012 in bars, "a year without data is marked"


def test_statements_that_fail_say_so_without_their_sql(session: Session) -> None:
    with pytest.raises(DatabaseError, match="plot_series"):
        session.rows(
            "plot_series", {"relation": "nowhere", "columns": ["a"], "key": None, "value": None}
        )
