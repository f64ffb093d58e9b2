"""The small tables of a build: cell, year, source and build, as Arrow tables ready to insert."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from loader._version import __version__
from loader.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from loader.grid import Grid
    from loader.reading.fingerprint import Fingerprint
    from loader.reading.landmask import LandMask
    from loader.reading.source import GriddedSource
    from loader.storing.digest import TableDigest

__all__ = [
    "build_table",
    "cell_area_ha",
    "cell_table",
    "is_synthetic",
    "source_table",
    "year_table",
]

_AREA_TOLERANCE = 0.2
"""A file's cell_area further off the sphere's than this share is in another unit."""


def cell_area_ha(grid: Grid, sources: Sequence[GriddedSource]) -> npt.NDArray[np.float64]:
    """Return the area of every cell: the ELUC file's `cell_area`, else computed.

    Parameters
    ----------
    grid : Grid
    sources : sequence of GriddedSource

    Returns
    -------
    ndarray of float64, shape (n_cells,)
        Hectares.

    Raises
    ------
    SourceError
        If a file's `cell_area` is far from the area of its cells on the sphere.
    """
    computed = np.repeat(grid.cell_area_ha(), grid.n_lon)
    for source in sources:
        if not source.kind.all_years_decide:
            continue
        found = source.read_map("cell_area")
        if found is None:
            continue
        given = found.reshape(-1).astype(np.float64)
        usable = np.isfinite(given) & (given > 0)
        off = np.abs(given - computed) > _AREA_TOLERANCE * computed
        if np.any(usable & off):
            worst = int(np.argmax(usable & off))
            raise SourceError(
                source.path,
                f"is {given[worst]:g} where the cell measures {computed[worst]:g} ha; expected "
                "hectares: convert it, or drop the variable to have the area computed",
                "cell_area",
            )
        return np.where(usable, given, computed)
    return computed


def cell_table(
    grid: Grid,
    area_ha: npt.NDArray[np.float64],
    mask: LandMask,
    has_state: npt.NDArray[np.bool_] | None,
) -> pa.Table:
    """Return the table cell: one row for every cell of the grid, by cell_id."""
    count = grid.n_cells
    columns: dict[str, Any] = {
        "cell_id": np.arange(count, dtype=np.int32),
        "lat": np.repeat(grid.latitude, grid.n_lon),
        "lon": np.tile(grid.longitude, grid.n_lat),
        "area_ha": area_ha,
        "is_land": mask.is_land.reshape(-1),
        "land_fraction": mask.land_fraction.reshape(-1),
        "has_state": np.zeros(count, dtype=np.bool_) if has_state is None else has_state,
        "ice_water_fraction": pa.nulls(count, pa.float32()),
        "potential_forest": pa.nulls(count, pa.bool_()),
        "potential_biomass": pa.nulls(count, pa.float32()),
        "country_code": pa.nulls(count, pa.int16()),
        "country_iso3": pa.nulls(count, pa.string()),
        "country_iso2": pa.nulls(count, pa.string()),
        "country": pa.nulls(count, pa.string()),
    }
    return pa.table(columns)


def year_table(
    sources: Mapping[str, GriddedSource], digests: Mapping[str, TableDigest]
) -> pa.Table:
    """Return the table year: one row for every loaded year, ascending."""
    loaded = sorted({int(year) for source in sources.values() for year in source.years})
    has_rows = {
        table: digests[table].rows_of_year if table in digests else {}
        for table in ("eluc", "state")
    }
    return pa.table(
        {
            "year": pa.array(loaded, pa.int16()),
            "date": pa.array([_first_of_january(year) for year in loaded], pa.date32()),
            "prev_year": pa.array([None, *loaded[:-1]], pa.int16()),
            "next_year": pa.array([*loaded[1:], None], pa.int16()),
            "has_eluc": pa.array([year in has_rows["eluc"] for year in loaded], pa.bool_()),
            "has_state": pa.array([year in has_rows["state"] for year in loaded], pa.bool_()),
        }
    )


def _first_of_january(year: int) -> int:
    """Return the days from 1970-01-01, in the proleptic Gregorian calendar that DuckDB uses."""
    return int(
        (np.datetime64(f"{year:05d}-01-01" if year >= 10000 else _iso(year), "D")).astype(int)
    )


def _iso(year: int) -> str:
    return f"{year:04d}-01-01" if year >= 0 else f"-{-year:04d}-01-01"


def source_table(
    sources: Mapping[str, GriddedSource],
    fingerprints: Mapping[str, Fingerprint],
    digests: Mapping[str, str],
) -> pa.Table:
    """Return the table source: one row for every source file."""
    rows = [
        {
            "name": name,
            "path": source.path,
            "size": fingerprints[name].size if name in fingerprints else None,
            "digest": f"sha256:{digests[name]}" if name in digests else None,
            "title": _title(source),
            "version": _attribute(source, "dataset_version_number", "version", "source_id"),
            "licence": _attribute(source, "license", "licence"),
            "first_year": int(source.years[0]),
            "last_year": int(source.years[-1]),
            "variables": ", ".join(variable.name for variable in source.variables),
            "synthetic": is_synthetic(source),
        }
        for name, source in sources.items()
    ]
    kinds = {"size": pa.int64(), "first_year": pa.int16(), "last_year": pa.int16()}
    kinds["synthetic"] = pa.bool_()
    names = list(rows[0])
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def is_synthetic(source: GriddedSource) -> bool:
    """Whether the file says that it is a made-up sample."""
    return str(source.attributes.get("synthetic", "")).startswith("yes")


def _title(source: GriddedSource) -> str:
    own = _attribute(source, "title")
    committed = " (committed)" if "committed" in source.path.lower() else ""
    return own or f"{source.kind.title}{committed}"


def _attribute(source: GriddedSource, *names: str) -> str | None:
    for name in names:
        if value := source.attributes.get(name):
            return str(value)
    return None


def build_table(
    build_id: str, record: Mapping[str, Any], storage_version: str, *, synthetic: bool
) -> pa.Table:
    """Return the table build: one row that says which build this is."""
    built_at = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    return pa.table(
        {
            "build_id": [build_id],
            "status": ["complete"],
            "built_at": pa.array([built_at], pa.timestamp("us")),
            "luc_load_version": [__version__],
            "duckdb_version": [duckdb.__version__],
            "storage_version": [storage_version],
            "options": [json.dumps(record, sort_keys=True)],
            "synthetic": [synthetic],
        }
    )
