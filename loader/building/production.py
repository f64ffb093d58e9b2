"""Make a complete stage: open the sources, load them, add the small tables, check the result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from loader.building.assemble import (
    build_table,
    cell_area_ha,
    cell_table,
    emission_product,
    source_table,
    source_title,
    year_table,
)
from loader.building.identity import Identity
from loader.building.layouts import layout_table
from loader.building.loading import Loaded, load_tables
from loader.building.totals import Totals
from loader.catalog.objects import SchemaContext
from loader.catalog.products import EmissionProduct
from loader.catalog.record import schema_record
from loader.cluster.build import build_cluster
from loader.errors import BadValueError, DatabaseError
from loader.pipeline import aside
from loader.reading.fingerprint import Digests, Fingerprint
from loader.reading.landmask import land_mask
from loader.storing.contents import contents_table, small_digest
from loader.storing.database import (
    StagedDatabase,
    connect_read_only,
    digest_of_table,
    rename_folder,
)
from loader.storing.dataset import complete_dataset, dataset_record
from loader.storing.earlier import EarlierParts
from loader.storing.publish import PARQUET
from loader.storing.sums import write_sums

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

    from loader.building.sources import Sources
    from loader.options import Options
    from loader.reading.source import GriddedSource
    from loader.reporting import Reporter
    from loader.storing.digest import TableDigest
    from loader.storing.staging import Stage

__all__ = ["Product", "produce"]

_VERIFIERS = 2
"""Tables read back at a time."""


@dataclass(frozen=True)
class Product:
    """What was made: the id of the build, what was loaded, and whether it is synthetic."""

    build_id: str
    loaded: Loaded
    is_synthetic: bool


def produce(
    sources: Sources,
    fingerprints: Mapping[str, Fingerprint],
    identity: Identity,
    options: Options,
    stage: Stage,
    reporter: Reporter,
) -> Product:
    """Fill a stage until only the publishing is left.

    Parameters
    ----------
    sources : Sources
    fingerprints : mapping of str to Fingerprint
        Status of the source files when the build began; none for data sets in memory.
    identity : Identity
        Of this build, digests not yet known.
    options : Options
    stage : Stage
        Begun, with or without parts of an earlier run.
    reporter : Reporter

    Returns
    -------
    Product

    Raises
    ------
    LucLoadError
        Whatever a step raises.
    """
    gridded, paths = sources.gridded, sources.paths
    grid = next(iter(gridded.values())).grid
    with ExitStack() as stack:
        digests = Digests({name: paths[name] for name in fingerprints})
        stack.callback(digests.close)
        helper = ThreadPoolExecutor(max_workers=1)
        stack.callback(helper.shutdown, cancel_futures=True)
        mask = helper.submit(land_mask, grid)
        area_ha = cell_area_ha(grid, list(gridded.values()))
        context = SchemaContext(
            grid,
            {source.kind.table: source.variables for source in gridded.values()},
            {source.kind.table: source_title(source) for source in gridded.values()},
            emission_product(gridded["eluc"]) if "eluc" in gridded else EmissionProduct(),
        )
        database = StagedDatabase(
            stage.database, options.storage_version, options.database_bytes, options.workers
        )
        stack.callback(database.close)
        is_view = options.tables == "views"
        database.create(context, set(context.variables) if is_view else ())
        cluster = None
        if options.scheduler is not None:
            cluster = stack.enter_context(
                build_cluster(
                    options.scheduler,
                    gridded,
                    fingerprints,
                    options.years,
                    options.storage_options,
                    stage.folder / "attempts",
                    reporter.notice,
                )
            )
        static = sources.static
        totals = Totals(
            area_ha,
            None if static is None else static.country_code,
            None if static is None else static.countries,
            context.land_uses,
        )
        earlier = _earlier_parts(options.out / PARQUET, identity)
        loaded = load_tables(
            gridded, options, stage, database, mask.result, totals, reporter, cluster, earlier
        )
        _refuse_empty_years(gridded, loaded)
        complete = identity.with_digests(digests.result())
        build_id = complete.build_id()
        tables = [asdict(report) for report in loaded.reports()]
        record: dict[str, Any] = {
            **complete.as_record(),
            "tables": tables,
            "parts": loaded.parts,
            "schema": schema_record(context),
        }
        if stage.mark:
            record["mark"] = stage.mark
        version = options.storage_version
        has_state = loaded.has_value.get("state")
        small = {
            "cell": cell_table(grid, area_ha, mask.result(), has_state, sources.static),
            "year": year_table(gridded, loaded.digests),
            "eluc_total": totals.eluc_table(),
            "state_total": totals.state_table(),
            "source": source_table(gridded, sources.static, fingerprints, complete.digests),
            "file_layout": layout_table(gridded, area_ha, loaded, options),
        }
        contents = contents_table(loaded.digests, small)
        record["contents"] = small_digest(contents)
        small |= {
            "table_content": contents,
            "build": build_table(build_id, record, version, synthetic=sources.is_synthetic),
        }
        parts = loaded.parts if is_view else None
        aside(
            lambda: database.finish(context, small, parts, stage.parquet.resolve()),
            database.interrupt,
        )
    finished = connect_read_only(stage.database, options.workers, options.database_bytes)
    with closing(finished) as con:
        _verify(con, loaded)
        loaded.parquet_bytes += complete_dataset(con, stage.parquet, build_id, record)
    if is_view:
        rename_folder(stage.database, (options.out / PARQUET).resolve())
    write_sums(stage.folder)
    digests.refuse_changed(fingerprints)
    stage.write_record(record)
    stage.complete()
    return Product(build_id, loaded, sources.is_synthetic)


def _earlier_parts(parquet: Path, identity: Identity) -> EarlierParts:
    """Return the published parts, if this build would write the same rows as the same bytes."""
    found = dataset_record(parquet) or {}
    earlier = Identity.from_record(found)
    encoding = "parquet_encoding"
    same = (
        earlier is not None
        and earlier.version == identity.version
        and earlier.options.get(encoding) == identity.options[encoding]
    )
    mark = str(found.get("mark", ""))
    return EarlierParts(parquet if same else None, mark)


def _refuse_empty_years(sources: Mapping[str, GriddedSource], loaded: Loaded) -> None:
    """Refuse a year without any value beside full ones: whoever wrote the file did not finish."""
    for source in sources.values():
        rows = loaded.digests[source.kind.table].rows_of_year
        empty = [str(year) for year in source.years if not rows.get(int(year))]
        if rows and empty:
            named = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if empty[5:] else "")
            usual = sum(rows.values()) // len(rows)
            raise BadValueError(
                source.path,
                f"has no value in {named}, where other years have about {usual} cells; the file "
                "is unfinished or damaged: fetch it again, or leave the years out with --years",
                source.variables[0].name,
            )


def _verify(con: duckdb.DuckDBPyConnection, loaded: Loaded) -> None:
    """Read the finished database back and compare it with what was read from the sources."""
    readers = {table: con.cursor() for table in loaded.digests}
    found: dict[str, TableDigest] = {}

    def read_back() -> None:
        with ThreadPoolExecutor(max_workers=_VERIFIERS) as threads:
            digests = threads.map(digest_of_table, readers.values(), readers)
            found.update(zip(readers, digests, strict=True))

    def interrupt() -> None:
        for reader in readers.values():
            reader.interrupt()

    aside(read_back, interrupt)
    for table, expected in loaded.digests.items():
        if found[table] != expected:
            raise DatabaseError(
                f"table {table}: the database does not hold what was read; nothing was published. "
                "Run the same command again, with another DuckDB version if it happens again"
            )
