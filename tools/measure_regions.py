"""Measure regions: python -m tools.measure_regions DATABASE.

Prints a Markdown table: the time and peak memory of covering the cells of the 0.25 degree grid by
today's countries, next to regionmask and exactextract where they are installed, and the time of
queries by region on a database. Each measurement of memory is a process of its own.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import loader
from loader.grid import Grid
from loader.regions.natural_earth import country_layer, country_polygons

GRID = Grid.global_grid(0.25)
ROUNDS = 3


def cover_by_luc_load() -> None:
    country_layer(GRID)


def cover_by_regionmask() -> None:
    import regionmask  # noqa: PLC0415  # compared where it is installed
    import shapely  # noqa: PLC0415  # the same

    # Centres only: shares of every cell by every country take it gigabytes. Polygons across the
    # date line exceed 180 degrees: part of them is off the grid.
    shapes = [shapely.Polygon(one[0], one[1:]) for one in country_polygons()]
    regions = regionmask.Regions(shapes, overlap=False)
    regions.mask(GRID.longitude, GRID.latitude, wrap_lon=False)


def cover_by_exactextract() -> None:
    from exactextract import exact_extract  # noqa: PLC0415  # the same
    from exactextract.feature import JSONFeatureSource  # noqa: PLC0415
    from exactextract.raster import NumPyRasterSource  # noqa: PLC0415

    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": lines}}
        for lines in ([line.tolist() for line in one] for one in country_polygons())
    ]
    raster = NumPyRasterSource(np.zeros((720, 1440)), xmin=-180, xmax=180, ymin=-90, ymax=90)
    exact_extract(raster, JSONFeatureSource(features), ["cell_id", "coverage"], output="geojson")


COVERS: dict[str, Callable[[], None]] = {
    "luc-load": cover_by_luc_load,
    "exactextract": cover_by_exactextract,
    "regionmask, centres of cells only": cover_by_regionmask,
}

BRAZIL = "WHERE layer = 'country' AND code = 'BRA'"
QUERIES = {
    "emissions of one region, all years": f"FROM eluc_region {BRAZIL}",
    "land use of one region, all years": f"FROM state_region {BRAZIL}",
    "emissions of all regions, all years": "FROM eluc_region",
    "land use of all regions, all years": "FROM state_region",
    "emissions of all regions, all years, added up from the cells": """
        SELECT m.region_id, e.year, sum(e.eluc * c.area_ha * m.weight) / 1e6 AS emission_mtc
        FROM eluc AS e JOIN cell AS c USING (cell_id) JOIN cell_region AS m USING (cell_id)
        GROUP BY ALL""",
}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tools.measure_regions", description=__doc__)
    parser.add_argument("database", nargs="?", help="without it, only the coverage is measured")
    parser.add_argument("--cover", choices=COVERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cover is not None:
        measure_cover(given.cover)
        return
    lines = ["| today's countries on 0.25 degrees | seconds | peak MiB |", "| --- | --: | --: |"]
    lines += [f"| {name} | {cover_in_process(name)} |" for name in COVERS]
    if given.database is not None:
        years = loader.query("SELECT count(*) FROM year", given.database).rows()[0][0]
        lines += ["", f"| query, {years} years | seconds | rows |", "| --- | --: | --: |"]
        lines += measure_queries(Path(given.database))
    print("\n".join(lines))  # noqa: T201  # the result


def cover_in_process(name: str) -> str:
    command = [sys.executable, "-m", "tools.measure_regions", "--cover", name]
    with tempfile.TemporaryDirectory() as cache:
        # Of an empty cache: luc-load keeps the countries of a grid.
        environment = {**os.environ, "XDG_CACHE_HOME": cache}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in done.stderr:
        return "not installed | "
    done.check_returncode()
    return done.stdout.strip()


def measure_cover(name: str) -> None:
    """Print seconds and peak MiB of one tool."""
    begin = time.perf_counter()
    COVERS[name]()
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.2f} | {peak:.0f}")  # noqa: T201  # the result


def measure_queries(database: Path) -> list[str]:
    lines = []
    with loader.connect(database) as con:
        for title, sql in QUERIES.items():
            seconds = []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                rows = con.sql(sql).to_arrow_table().num_rows
                seconds.append(time.perf_counter() - begin)
            lines.append(f"| {title} | {sorted(seconds)[ROUNDS // 2]:.3f} | {rows:,} |")
    return lines


if __name__ == "__main__":
    main()
