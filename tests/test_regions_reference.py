"""Shares of cells against exactextract, which is exact in degrees, and regionmask, which samples.

exactextract covers cells in plane degrees, where a cell's north counts as much as its south. Cells
are therefore cut into narrow rows, and the rows are weighted by their areas on the sphere: the
error of that falls with the square of their number, except next to a pole. regionmask decides by
centres, or by ten times ten points in a cell.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from loader.grid import Grid
from loader.regions.coverage import Ring, cover_cells
from loader.regions.natural_earth import country_polygons, read_countries

exactextract = pytest.importorskip("exactextract")
regionmask = pytest.importorskip("regionmask")
shapely = pytest.importorskip("shapely")
pytestmark = [
    pytest.mark.slow,
    # Of rasterio's multiplication, which regionmask uses.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

GRID = Grid.global_grid(0.25)
ROWS_OF_A_CELL = 128
COUNTRIES = {
    "076": "Brazil",
    "578": "Norway with Svalbard, islands and the far north",
    "360": "Indonesia, many islands",
    "710": "South Africa, with a hole",
    "426": "Lesotho, the hole",
    "470": "Malta, smaller than a cell",
    "124": "Canada, to 83 degrees north",
}


def polygons(code: str) -> list[list[npt.NDArray[np.float64]]]:
    """The polygons of a country, each an edge and its holes, of the same file."""
    lines = [ring.points for ring in read_countries()[1][code]]
    return [
        polygon
        for polygon in country_polygons()
        if any(np.array_equal(polygon[0], line) for line in lines)
    ]


def planar_fractions(
    code: str, bounds: tuple[int, int, int, int], rows_of_a_cell: int
) -> npt.NDArray[np.float64]:
    """Plane fractions of narrow rows of cells, by exactextract."""
    from exactextract.feature import JSONFeatureSource  # noqa: PLC0415  # with the importorskip
    from exactextract.raster import NumPyRasterSource  # noqa: PLC0415

    top, bottom, left, right = bounds
    shape = ((bottom - top) * rows_of_a_cell, right - left)
    raster = NumPyRasterSource(
        np.zeros(shape),
        xmin=-180 + left * 0.25,
        xmax=-180 + right * 0.25,
        ymin=90 - bottom * 0.25,
        ymax=90 - top * 0.25,
    )
    geometry = {
        "type": "MultiPolygon",
        "coordinates": [[line.tolist() for line in polygon] for polygon in polygons(code)],
    }
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    (answer,) = exactextract.exact_extract(
        raster, JSONFeatureSource(feature), ["cell_id", "coverage"], output="geojson"
    )
    fractions = np.zeros(shape[0] * shape[1])
    fractions[np.array(answer["properties"]["cell_id"], dtype=np.int64)] = answer["properties"][
        "coverage"
    ]
    return fractions.reshape(shape)


@pytest.mark.parametrize("code", COUNTRIES, ids=COUNTRIES.values())
def test_shares_are_those_of_exactextract_on_the_sphere(code: str) -> None:
    rings: list[Ring] = read_countries()[1][code]
    found = np.zeros(GRID.n_cells)
    coverage = cover_cells(rings, GRID)
    found[coverage.cell_id] = coverage.share
    laid = found.reshape(GRID.n_lat, GRID.n_lon)
    rows, columns = np.flatnonzero(laid.any(axis=1)), np.flatnonzero(laid.any(axis=0))
    worst = 0.0
    # A band of 40 rows at a time: narrow rows of all of Canada take gigabytes.
    for top in range(int(rows[0]), int(rows[-1]) + 1, 40):
        bottom = min(top + 40, int(rows[-1]) + 1)
        bounds = (top, bottom, int(columns[0]), int(columns[-1]) + 1)
        fine = planar_fractions(code, bounds, ROWS_OF_A_CELL)
        edges = 90 - top * 0.25 - np.arange(len(fine) + 1) * 0.25 / ROWS_OF_A_CELL
        area = -np.diff(np.sin(np.deg2rad(edges))).reshape(-1, ROWS_OF_A_CELL, 1)
        by_cell = fine.reshape(bottom - top, ROWS_OF_A_CELL, -1)
        expected = (by_cell * area).sum(axis=1) / area.sum(axis=1)
        part = laid[top:bottom, bounds[2] : bounds[3]]
        worst = max(worst, float(np.abs(part - expected).max()))
    assert worst < 1e-6


@pytest.mark.parametrize("code", ["076", "710", "426"])
def test_cells_that_regionmask_finds_inside_are_inside(code: str) -> None:
    shape = shapely.MultiPolygon([(one[0], one[1:]) for one in polygons(code)])
    region = regionmask.Regions([shape])
    by_centre = region.mask_3D(GRID.longitude, GRID.latitude).to_numpy()[0]
    sampled = region.mask_3D_frac_approx(GRID.longitude, GRID.latitude).to_numpy()[0]
    share = np.zeros(GRID.n_cells)
    coverage = cover_cells(read_countries()[1][code], GRID)
    share[coverage.cell_id] = coverage.share
    laid = share.reshape(by_centre.shape)
    assert laid[by_centre].min() > 0
    assert by_centre[laid > 1 - 1e-9].all()
    # A hundred points tell a tenth of a cell along each side apart.
    assert np.abs(laid - sampled).max() < 0.1
    assert np.abs(laid - sampled)[laid > 0].mean() < 0.005
    area = np.repeat(GRID.cell_area_ha(), GRID.n_lon).reshape(laid.shape)
    assert (laid * area).sum() == pytest.approx((sampled * area).sum(), rel=1e-3)
