"""Write a planned grid as a cloud-optimised GeoTIFF: a band for each variable and year."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loader.errors import ExtraMissingError, UsageError
from loader.exporting.grids import grid_boxes
from loader.lanes import read_ahead, run_interruptibly
from loader.reporting import Progress

if TYPE_CHECKING:
    import duckdb

    from loader.exporting.plan import GridPlan
    from loader.reporting import Reporter

__all__ = ["write_geotiff"]

_MOST_BANDS = 65_535
"""GDAL counts the bands of a TIFF in 16 bits."""

_TILE = 256

_PREDICTOR = 3
"""Differences of neighbouring floating-point numbers, which compress better."""


def write_geotiff(
    con: duckdb.DuckDBPyConnection, plan: GridPlan, path: Path, reporter: Reporter
) -> None:
    """Write a grid as GeoTIFF, north up, in WGS 84 longitude and latitude.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Read in another thread during the export.
    plan : GridPlan
    path : pathlib.Path
        Must not exist.
    reporter : Reporter

    Raises
    ------
    ExtraMissingError
        If rasterio is not installed.
    UsageError
        If it would have too many bands.
    DatabaseError
        If DuckDB fails.
    OSError
        If the file cannot be written.
    """
    try:
        import rasterio  # noqa: PLC0415  # an extra
        from rasterio.enums import Resampling  # noqa: PLC0415  # the same
        from rasterio.shutil import copy  # noqa: PLC0415  # the same
    except ImportError as error:
        raise ExtraMissingError('GeoTIFF needs rasterio: pip install "luc-load[geo]"') from error
    plan = north_up(plan)
    steps, rows, columns = plan.shape
    bands = steps * len(plan.variables)
    if bands > _MOST_BANDS:
        raise UsageError(
            f"{len(plan.variables)} variables in {steps} years are {bands:,} bands; a GeoTIFF has "
            f"at most {_MOST_BANDS:,}: choose some with --columns or --years"
        )
    # The overviews of a cloud-optimised file come before its pixels: it is copied from a plain one.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        plain = Path(folder) / "plain.tif"
        profile: dict[str, Any] = {
            "driver": "GTiff",
            "width": columns,
            "height": rows,
            "count": bands,
            "dtype": np.result_type(*(v.dtype for v in plan.variables)).name,
            "crs": "EPSG:4326",
            "transform": _transform(plan),
            "nodata": math.nan,
            "tiled": True,
            "blockxsize": _TILE,
            "blockysize": _TILE,
            "interleave": "band",
            "bigtiff": "IF_SAFER",
        }
        with rasterio.open(plain, "w", **profile) as file:
            _describe(file, plan)
            _fill(con, plan, file, reporter)
        with rasterio.open(plain, "r+") as file:
            file.build_overviews(_overviews(rows, columns), Resampling.average)
        # GDAL's COG driver interleaves the bands by pixel: reading one year would read all of them.
        copy(
            plain, path, driver="GTiff", copy_src_overviews=True, tiled=True, blockxsize=_TILE,
            blockysize=_TILE, interleave="band", compress="DEFLATE", predictor=_PREDICTOR,
            bigtiff="IF_SAFER",
        )  # fmt: skip


def _overviews(rows: int, columns: int) -> list[int]:
    """Return the reduction factor of each overview, down to one that fits into a tile."""
    factors: list[int] = []
    while max(rows, columns) > _TILE * 2 ** len(factors):
        factors.append(2 ** (len(factors) + 1))
    return factors


def north_up(plan: GridPlan) -> GridPlan:
    """Return the plan with rows from north to south and columns from west to east."""
    rows = np.argsort(-plan.latitude.values.astype(np.float64), kind="stable")
    longitudes = plan.longitude.values.astype(np.float64)
    columns = np.arange(len(longitudes))
    if plan.is_copy and longitudes.max() > 180 and np.ptp(longitudes) > 180:
        # Shift a file from 0 to 360 degrees, or maps would show it to the right of the world.
        columns = np.argsort((longitudes + 180) % 360, kind="stable")
    return plan.part(rows=rows, columns=columns)


def _transform(plan: GridPlan) -> Any:  # noqa: ANN401  # rasterio's Affine
    from rasterio.transform import from_origin  # noqa: PLC0415  # an extra

    latitude = plan.latitude.values.astype(np.float64)
    longitude = plan.longitude.values.astype(np.float64)
    across = _step(longitude, plan.n_lon)
    down = _step(latitude, 180 * plan.n_lon // 360)
    west = longitude[0]
    if plan.is_copy and longitude.max() > 180 and across * len(longitude) > 180:
        west = (west + 180) % 360 - 180
    return from_origin(west - across / 2, latitude[0] + down / 2, across, down)


def _step(values: np.ndarray, count: int) -> float:
    """Return the distance of centres; of a single row or column, that of a global grid."""
    if values.size > 1:
        return float(np.median(np.abs(np.diff(values))))
    return 360 / count if count else 1.0


def _describe(file: Any, plan: GridPlan) -> None:  # noqa: ANN401  # rasterio's writer
    tags = {key: str(value) for key, value in plan.attributes.items()}
    file.update_tags(**tags)
    band = 0
    for variable in plan.variables:
        for year in plan.years:
            band += 1
            file.set_band_description(band, f"{variable.name} {year}")
            file.set_band_unit(band, str(variable.attributes.get("units", "")))
            file.update_tags(
                band, variable=variable.name, year=int(year),
                long_name=str(variable.attributes.get("long_name", "")),
            )  # fmt: skip


def _fill(
    con: duckdb.DuckDBPyConnection,
    plan: GridPlan,
    file: Any,  # noqa: ANN401  # rasterio's writer
    reporter: Reporter,
) -> None:
    position = {variable.name: k for k, variable in enumerate(plan.variables)}
    steps = len(plan.years)

    def write() -> None:
        done = 0
        for box in read_ahead(grid_boxes(con, plan, fill=False)):
            first = position[box.variable.name] * steps + box.first + 1
            for k, values in enumerate(box.values):
                file.write(values, first + k)
            done += len(box.values)
            year = int(plan.years[box.first + len(box.values) - 1])
            share = done / (steps * len(plan.variables))
            reporter.progress(Progress(box.variable.name, year, 0, share))

    try:
        run_interruptibly(write, con.interrupt)
    finally:
        reporter.finished()
