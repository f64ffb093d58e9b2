"""The share of each cell that polygons cover, against counting points and against shapely."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import loader.regions.coverage
from loader.grid import Grid
from loader.regions.coverage import Ring, cover_cells, ring_area
from loader.regions.dateline import lay_out_polygon, lay_out_ring

Float64 = npt.NDArray[np.float64]

REGIONAL = Grid(n_lat=9, n_lon=14, north=48.5, west=1.25, step_lat=1.0, step_lon=0.5)
POLES_ON_ROWS = Grid(n_lat=19, n_lon=36, north=90.0, west=-180.0, step_lat=10.0, step_lon=10.0)
GLOBAL = Grid.global_grid(10.0)


def ring(*points: tuple[float, float]) -> Float64:
    return np.array([*points, points[0]], dtype=np.float64)


def box(west: float, south: float, east: float, north: float) -> Float64:
    return ring((west, south), (east, south), (east, north), (west, north))


def star(centre: tuple[float, float], radii: list[float]) -> Float64:
    """Return a polygon that does not cross itself."""
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    x = centre[0] + np.array(radii) * np.cos(angles)
    y = np.clip(centre[1] + np.array(radii) * np.sin(angles), -90, 90)
    return np.column_stack([np.append(x, x[0]), np.append(y, y[0])])


def dense(grid: Grid, *rings: Ring) -> Float64:
    shares = np.zeros(grid.n_cells)
    coverage = cover_cells(rings, grid)
    shares[coverage.cell_id] = coverage.share
    return shares.reshape(grid.n_lat, grid.n_lon)


def by_shapely(grid: Grid, polygon: shapely.Polygon) -> Float64:
    """Clip the polygon to every cell; measure the pieces by the integral over their edges."""
    edges = grid.row_edges()
    shares = np.zeros((grid.n_lat, grid.n_lon))
    for row in range(grid.n_lat):
        for column in range(grid.n_lon):
            west = grid.west + (column - 0.5) * grid.step_lon
            cell = shapely.box(west, edges[row + 1], west + grid.step_lon, edges[row])
            whole = abs(ring_area(np.asarray(cell.exterior.coords)))
            for turn in (-360, 0, 360):
                moved = shapely.transform(polygon, lambda xy, turn=turn: xy + np.array([turn, 0]))
                for part in shapely.get_parts(moved.intersection(cell)):
                    if part.geom_type == "Polygon":
                        area = abs(ring_area(np.asarray(part.exterior.coords)))
                        holes = [abs(ring_area(np.asarray(i.coords))) for i in part.interiors]
                        shares[row, column] += (area - sum(holes)) / whole
    return shares


radii = st.lists(st.floats(0.3, 5.0), min_size=3, max_size=9)
centres = st.tuples(st.floats(-2, 10), st.floats(38, 50))


@given(centres, radii)
def test_shares_equal_those_of_clipping_every_cell(
    centre: tuple[float, float], radii: list[float]
) -> None:
    points = star(centre, radii)
    expected = by_shapely(REGIONAL, shapely.Polygon(points))
    np.testing.assert_allclose(dense(REGIONAL, Ring(points)), expected, atol=1e-9)


@given(st.tuples(st.floats(-179, 179), st.floats(-85, 85)), st.lists(st.floats(3, 40), min_size=4))
def test_shares_equal_those_of_counting_points(
    centre: tuple[float, float], radii: list[float]
) -> None:
    points = star(centre, radii)
    shares = dense(GLOBAL, Ring(points))
    # 24 x 24 points a cell, evenly spaced in longitude and in the sine of the latitude.
    fine = 24
    edges = np.sin(np.deg2rad(GLOBAL.row_edges()))
    steps = (np.arange(fine) + 0.5) / fine
    sines = (edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * steps).reshape(-1)
    lat = np.rad2deg(np.arcsin(sines))
    lon = GLOBAL.west + 10.0 * (np.arange(GLOBAL.n_lon * fine) / fine - 0.5 + 0.5 / fine)
    x, y = np.meshgrid(lon, lat)
    polygon = shapely.Polygon(points)
    inside = sum(shapely.contains_xy(polygon, x + turn, y) for turn in (-360, 0, 360))
    counted = np.asarray(inside, dtype=float).reshape(GLOBAL.n_lat, fine, GLOBAL.n_lon, fine)
    # A cell that an edge crosses is off by the points next to the edge.
    np.testing.assert_allclose(shares, counted.mean(axis=(1, 3)), atol=0.15)
    assert shares.sum() == pytest.approx(counted.mean(axis=(1, 3)).sum(), rel=0.02, abs=0.05)


@pytest.mark.parametrize(
    "grid", [GLOBAL, POLES_ON_ROWS, REGIONAL], ids=["global", "poles", "regional"]
)
def test_the_whole_map_covers_every_cell_once(grid: Grid) -> None:
    np.testing.assert_allclose(dense(grid, Ring(box(-180, -90, 180, 90))), 1, atol=1e-12)
    halves = [dense(grid, Ring(box(w, -90, w + 180, 90))) for w in (-180, 0)]
    np.testing.assert_allclose(sum(halves), 1, atol=1e-12)


def test_a_hole_takes_area_away_and_direction_does_not_matter() -> None:
    edge, hole = box(2, 41, 6, 46), box(3, 42, 4, 43)
    expected = dense(REGIONAL, Ring(edge)) - dense(REGIONAL, Ring(hole))
    for outer in (edge, edge[::-1]):
        for inner in (hole, hole[::-1]):
            shares = dense(REGIONAL, *lay_out_polygon([outer, inner]))
            np.testing.assert_allclose(shares, expected, atol=1e-12)


def test_edges_on_the_lines_of_the_grid_cover_whole_cells() -> None:
    shares = dense(REGIONAL, Ring(box(1.0, 40.0, 3.0, 43.0)))
    assert set(np.unique(shares)) == {0.0, 1.0}
    assert shares.sum() == 4 * 3


def test_an_island_smaller_than_a_cell_has_its_own_area() -> None:
    points = box(2.1, 44.1, 2.2, 44.15)
    (share,) = cover_cells([Ring(points)], REGIONAL).share
    cell = box(2.0, 44.0, 2.5, 45.0)
    assert share == pytest.approx(ring_area(points) / ring_area(cell))


def test_a_polygon_outside_a_regional_grid_covers_nothing() -> None:
    for points in (box(60, 40, 70, 45), box(2, -10, 4, 0), box(2, 60, 4, 70)):
        assert not len(cover_cells([Ring(points)], REGIONAL).cell_id)


def test_a_ring_that_crosses_the_date_line_is_read_the_short_way() -> None:
    crossing = ring((175, -20), (-178, -21), (-177, -12), (176, -10))
    as_cut = ring((175, -20), (182, -21), (183, -12), (176, -10))
    np.testing.assert_allclose(
        dense(GLOBAL, Ring(lay_out_ring(crossing))), dense(GLOBAL, Ring(as_cut)), atol=1e-12
    )


def test_a_ring_through_both_sides_of_the_date_line_is_read_the_short_way() -> None:
    points = ring(
        (170, 0), (180, 0), (-180, 0), (-170, 0), (-170, 10), (-180, 10), (180, 10), (170, 10)
    )
    shares = dense(GLOBAL, Ring(lay_out_ring(points)))
    np.testing.assert_allclose(shares, dense(GLOBAL, Ring(box(170, 0, 190, 10))), atol=1e-12)


@pytest.mark.parametrize("west", [-180.0, -100.0, -10.0, -170.0])
def test_a_wide_rectangle_is_read_as_drawn(west: float) -> None:
    points = box(west, -23, -west if west < -90 else 180, 23)
    np.testing.assert_array_equal(lay_out_ring(points), points)


def test_a_band_with_a_dense_edge_is_a_band() -> None:
    top = [(float(lon), 20.0) for lon in range(-180, 181, 10)]
    points = np.array([*top, (180.0, -20.0), (-180.0, -20.0), top[0]])
    shares = dense(GLOBAL, Ring(lay_out_ring(points)))
    np.testing.assert_allclose(shares, dense(GLOBAL, Ring(box(-180, -20, 180, 20))), atol=1e-12)


@pytest.mark.parametrize("pole", [1, -1], ids=["north", "south"])
def test_a_ring_around_a_pole_is_its_cap(pole: int) -> None:
    lon = np.append(np.arange(-179.0, 180, 2), -179.0)
    points = np.column_stack([lon, np.full(len(lon), 70.0 * pole)])
    south, north = sorted([70.0 * pole, 90.0 * pole])
    expected = dense(GLOBAL, Ring(box(-180, south, 180, north)))
    for line in (points, points[::-1]):
        np.testing.assert_allclose(dense(GLOBAL, *lay_out_polygon([line])), expected, atol=1e-12)


def test_of_two_rings_around_a_pole_the_smaller_is_the_hole() -> None:
    lon = np.append(np.arange(-179.0, 180, 2), -179.0)
    near, far = (np.column_stack([lon, np.full(len(lon), lat)]) for lat in (-85.0, -70.0))
    expected = dense(GLOBAL, Ring(box(-180, -85, 180, -70)))
    for rings in ([near, far], [far, near]):
        np.testing.assert_allclose(dense(GLOBAL, *lay_out_polygon(rings)), expected, atol=1e-12)


def test_a_ring_with_two_readings_is_an_error() -> None:
    top = [(float(lon), 20.0) for lon in range(-170, 171, 10)]
    points = np.array([*top, (170.0, -20.0), (-170.0, -20.0), top[0]])
    with pytest.raises(ValueError, match="either a band or a cap"):
        lay_out_ring(points)


@pytest.mark.parametrize("bad", [(4.5e6, 3.2e6), (10.0, 91.0), (np.nan, 1.0)])
def test_coordinates_that_are_not_degrees_are_an_error(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="coordinate"):
        lay_out_ring(ring(bad, (1, 1), (2, 2)))


@pytest.mark.parametrize("edges", [1, 3, 64])
def test_blocks_of_edges_add_up(edges: int, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = Grid.global_grid(5.0)
    angle = np.linspace(0, 2 * np.pi, 201)
    circles = [
        Ring(np.stack([lon + radius * np.cos(angle), lat + radius * np.sin(angle)], axis=1), hole)
        for lon, lat, radius, hole in (
            (20, 10, 30, False),
            (20, 10, 12, True),
            (178, -40, 15, False),
        )
    ]
    whole = cover_cells(circles, grid)
    monkeypatch.setattr(loader.regions.coverage, "_EDGES_AT_ONCE", edges)
    monkeypatch.setattr(loader.regions.coverage, "_PIECES_AT_ONCE", 2)
    parts = cover_cells(circles, grid)
    np.testing.assert_array_equal(parts.cell_id, whole.cell_id)
    np.testing.assert_allclose(parts.share, whole.share, atol=1e-9)
