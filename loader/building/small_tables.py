"""The small tables of a build: cell, year, source and build, as Arrow tables ready to insert."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from loader._version import __version__
from loader.building.titles import attribute, file_title
from loader.errors import SourceError
from loader.schema import STATIC
from loader.storing.contents import BUILD_DIGEST, build_digest
from loader.text import without_secrets

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy.typing as npt

    from loader.grid import Grid
    from loader.reading.fingerprint import Fingerprint
    from loader.reading.landmask import LandMask
    from loader.reading.source import GriddedSource
    from loader.reading.static import StaticGrid
    from loader.regions.layers import Layer
    from loader.schema import Source

__all__ = [
    "build_table",
    "cell_area_ha",
    "cell_table",
    "first_days",
    "is_synthetic",
    "source_table",
    "year_table",
]

_AREA_TOLERANCE = 0.2
"""A relative error of cell_area above this value means that it is in another unit."""


def cell_area_ha(grid: Grid, sources: Sequence[GriddedSource]) -> npt.NDArray[np.float64]:
    """Return the area of every cell, from the `cell_area` of the ELUC file or computed.

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
        if not source.kind.has_area:
            continue
        area_map = source.read_map("cell_area")
        if area_map is None:
            continue
        area = area_map.reshape(-1).astype(np.float64)
        # Cells without a valid area, such as those over the sea, get the computed one.
        usable = np.isfinite(area) & (area > 0)
        off = np.abs(area - computed) > _AREA_TOLERANCE * computed
        if np.any(usable & off):
            worst = int(np.argmax(usable & off))
            raise SourceError(
                source.path,
                f"is {area[worst]:g} for a cell of {computed[worst]:g} ha; expected hectares: "
                "convert it, or drop the variable to have the area computed",
                "cell_area",
            )
        return np.where(usable, area, computed)
    return computed


def cell_table(
    grid: Grid,
    area_ha: npt.NDArray[np.float64],
    mask: LandMask,
    has_state: npt.NDArray[np.bool_] | None,
    static: StaticGrid | None,
) -> pa.Table:
    """Return the table `cell`: one row per cell of the grid, ordered by cell_id.

    Without a static grid, the columns that come from it are NULL.
    """
    count = grid.n_cells
    columns: dict[str, Any] = {
        "cell_id": np.arange(count, dtype=np.int32),
        "lat": np.repeat(grid.latitude, grid.n_lon),
        "lon": np.tile(grid.longitude, grid.n_lat),
        "area_ha": area_ha,
        "is_land": mask.is_land.reshape(-1),
        "land_fraction": mask.land_fraction.reshape(-1),
        "has_state": np.zeros(count, dtype=np.bool_) if has_state is None else has_state,
    }
    return pa.table(columns | (_no_static(count) if static is None else _static(static)))


def _no_static(count: int) -> dict[str, pa.Array]:
    texts = ("country_iso3", "country_iso2", "country")
    return {
        "ice_water_fraction": pa.nulls(count, pa.float32()),
        "potential_forest": pa.nulls(count, pa.bool_()),
        "potential_biomass": pa.nulls(count, pa.float32()),
        "country_code": pa.nulls(count, pa.int16()),
        **{name: pa.nulls(count, pa.string()) for name in texts},
    }


def _static(static: StaticGrid) -> dict[str, pa.Array]:
    def nullable(values: npt.NDArray[Any], kind: pa.DataType | None = None) -> pa.Array:
        missing = np.isnan(values)
        return pa.array(values if kind is None else values == 1, kind, mask=missing)

    code = static.country_code
    used, which = np.unique(code, return_inverse=True)
    countries = [static.countries.get(int(number)) for number in used]

    def texts(attribute: str) -> pa.Array:
        names = [None if country is None else getattr(country, attribute) for country in countries]
        return pa.array(names, pa.string()).take(pa.array(which))

    return {
        "ice_water_fraction": nullable(static.ice_water_fraction),
        "potential_forest": nullable(static.potential_forest, pa.bool_()),
        "potential_biomass": nullable(static.potential_biomass),
        "country_code": pa.array(code, pa.int16(), mask=code == 0),
        "country_iso3": texts("iso3"),
        "country_iso2": texts("iso2"),
        "country": texts("name"),
    }


def year_table(
    sources: Mapping[str, GriddedSource], filled: Collection[str] | None = None
) -> pa.Table:
    """Return the table `year`: one row per loaded year, ascending.

    Parameters
    ----------
    sources : mapping of str to GriddedSource
    filled : collection of str, optional
        Tables that have rows; all of them by default. A table has rows in each of its years, or no
        rows at all.
    """
    years = {source.kind.table: {int(year) for year in source.years} for source in sources.values()}
    loaded = sorted(set().union(*years.values()))
    has_rows = {
        table: years.get(table, set()) if filled is None or table in filled else set()
        for table in ("eluc", "state")
    }
    return pa.table(
        {
            "year": pa.array(loaded, pa.int16()),
            "date": pa.array(first_days(np.array(loaded, np.int64))),
            "prev_year": pa.array([None, *loaded[:-1]], pa.int16()),
            "next_year": pa.array([*loaded[1:], None], pa.int16()),
            "has_eluc": pa.array([year in has_rows["eluc"] for year in loaded], pa.bool_()),
            "has_state": pa.array([year in has_rows["state"] for year in loaded], pa.bool_()),
        }
    )


def first_days(years: npt.NDArray[np.integer]) -> npt.NDArray[np.datetime64]:
    """Return 1 January of each year, as DuckDB's make_date does: proleptic Gregorian."""
    return (years.astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[D]")


def source_table(
    sources: Mapping[str, GriddedSource],
    static: StaticGrid | None,
    layers: Sequence[Layer],
    fingerprints: Mapping[str, Fingerprint],
    digests: Mapping[str, str],
) -> pa.Table:
    """Return the table `source`: one row per source file; only gridded files have years."""
    # A key is the name under which fingerprints and digests know a file.
    rows = []
    keys = []
    for source in sources.values():
        for file in source.files:
            years = (int(file.years[0]), int(file.years[-1]))
            loaded = [variable.name for variable in file.variables]
            row = _source_row(source.kind, file.path, file.attributes, years, loaded)
            if file.product:
                row["name"] = f"{source.kind.name}/{file.product}"
            rows.append(row | {"title": file_title(source.kind, file)})
            keys.append(file.key)
    if static is not None:
        loaded = [variable.name for variable in STATIC.variables]
        rows.append(_source_row(STATIC, static.path, static.attributes, (None, None), loaded))
        keys.append(STATIC.name)
    # A file of polygons may have several layers.
    by_file: dict[str, list[Layer]] = {}
    for layer in layers:
        by_file.setdefault(layer.file, []).append(layer)
    for file_name, of_file in by_file.items():
        keys.append(f"regions/{file_name}")
        names = ", ".join(layer.name for layer in of_file)
        count = sum(len(layer.regions) for layer in of_file)
        rows.append(
            {
                "name": keys[-1],
                "path": without_secrets(of_file[0].origin),
                "title": f"{count} {'region' if count == 1 else 'regions'} of "
                f"{'the layer' if len(of_file) == 1 else 'the layers'} {names}",
                "synthetic": False,
            }
        )
    # Datasets in memory have neither size nor digest.
    for key, row in zip(keys, rows, strict=True):
        row["size"] = fingerprints[key].size if key in fingerprints else None
        row["digest"] = f"sha256:{digests[key]}" if key in digests else None
    return pa.Table.from_pylist(rows, schema=_SOURCE_SCHEMA)


_SOURCE_SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("path", pa.string()),
        ("size", pa.int64()),
        ("digest", pa.string()),
        ("title", pa.string()),
        ("version", pa.string()),
        ("licence", pa.string()),
        ("first_year", pa.int16()),
        ("last_year", pa.int16()),
        ("variables", pa.string()),
        ("synthetic", pa.bool_()),
    ]
)


def _source_row(
    kind: Source,
    path: str,
    attributes: Mapping[str, object],
    years: tuple[int | None, int | None],
    variables: Sequence[str],
) -> dict[str, Any]:
    return {
        "name": kind.name,
        # The database may be shared, so its paths must not contain passwords.
        "path": without_secrets(path),
        "title": attribute(attributes, "title") or kind.title,
        "version": attribute(attributes, "dataset_version_number", "version", "source_id"),
        "licence": attribute(attributes, "license", "licence"),
        "first_year": years[0],
        "last_year": years[1],
        "variables": ", ".join(variables),
        "synthetic": is_synthetic(attributes),
    }


def is_synthetic(attributes: Mapping[str, object]) -> bool:
    """Return whether the global attributes of a file mark it as a synthetic sample."""
    return str(attributes.get("synthetic", "")).startswith("yes")


def build_table(
    build_id: str, record: Mapping[str, Any], storage_version: str, *, synthetic: bool
) -> pa.Table:
    """Return the table `build`: one row that identifies the build, with its own digest."""
    row = {
        "build_id": build_id,
        "status": "complete",
        "built_at": dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
        "luc_load_version": __version__,
        "duckdb_version": duckdb.__version__,
        "storage_version": storage_version,
        "synthetic": synthetic,
    }
    # The digest covers all other columns and the record, and is stored in the record.
    sealed = {**record, BUILD_DIGEST: build_digest(row, record)}
    columns: dict[str, Any] = {name: [value] for name, value in row.items()}
    columns["built_at"] = pa.array(columns["built_at"], pa.timestamp("us"))
    columns["options"] = [json.dumps(sealed, sort_keys=True)]
    return pa.table(columns).select(
        [
            *("build_id", "status", "built_at", "luc_load_version", "duckdb_version"),
            *("storage_version", "options", "synthetic"),
        ]
    )
