"""Fill a stage with a complete, verified build that is ready to be published."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from loader.building.layouts import layout_table
from loader.building.loading import Loading, LocalMaker, Sink
from loader.building.preparation import CellTable, Preparation
from loader.building.series import Series
from loader.building.small_tables import build_table, source_table, year_table
from loader.building.verify import verify_stage
from loader.catalog.record import schema_record
from loader.cluster.build import cluster_maker
from loader.errors import BadValueError
from loader.lanes import run_interruptibly, run_lanes
from loader.reading.fingerprint import Digests, Fingerprint
from loader.storing.contents import contents_table, small_digest
from loader.storing.database import rename_folder
from loader.storing.paths import PARQUET
from loader.storing.sums import write_sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from loader.building.estimate import Estimate
    from loader.building.identity import Identity
    from loader.building.loading import Maker
    from loader.building.sources import Sources
    from loader.options import Options
    from loader.reporting import Reporter
    from loader.storing.stage import Stage
    from loader.summary import TableReport

__all__ = ["Product", "fill_stage"]


@dataclass(frozen=True)
class Product:
    """A finished build.

    Attributes
    ----------
    build_id : str
    tables : tuple of TableReport
    parquet_bytes : int
    reused_parts : int
        Number of parts that came from an interrupted run.
    is_synthetic : bool
        Whether any source is a synthetic sample.
    """

    build_id: str
    tables: tuple[TableReport, ...]
    parquet_bytes: int
    reused_parts: int
    is_synthetic: bool


def fill_stage(
    sources: Sources,
    expected: Estimate,
    fingerprints: Mapping[str, Fingerprint],
    identity: Identity,
    options: Options,
    stage: Stage,
    reporter: Reporter,
) -> Product:
    """Fill a stage with a complete build: load, add the small tables, verify.

    Parameters
    ----------
    sources : Sources
    expected : Estimate
        Estimated rows and cells of the build.
    fingerprints : mapping of str to Fingerprint
        Status of the source files when the build began; datasets in memory have none.
    identity : Identity
        Identity of this build, without digests.
    options : Options
    stage : Stage
        A stage that was begun; may hold parts of an earlier run.
    reporter : Reporter

    Returns
    -------
    Product

    Raises
    ------
    LucLoadError
        Any error of a step.
    """
    with ExitStack() as stack:
        # 1. Start the background work: digests of the files, land mask, regions, empty tables.
        digests = Digests({name: sources.paths[name] for name in fingerprints})
        stack.callback(digests.close)
        preparation = Preparation(sources, options, stage, stack)
        loading = Loading(sources.gridded, options, stage, expected, preparation.mask, reporter)
        maker: Maker = LocalMaker(stage, options.parquet_encoding)
        if options.scheduler is not None:
            maker = stack.enter_context(
                cluster_maker(options, loading, fingerprints, stage, reporter.notice)
            )
        # 2. Load all blocks. The table cell is one more job. It needs all states, and comes a few
        #    jobs after the last of them, so that no lane is idle until they are loaded.
        is_view = options.tables == "views"
        lanes = None if is_view else preparation.lanes
        series = None
        if preparation.context.has_series:
            eluc = loading.tables["eluc"]
            series = Series(eluc.blocks, eluc.source.grid.n_cells)
        jobs = loading.jobs(maker, Sink(preparation.totals, preparation.map, lanes, series))
        cells = CellTable(loading, preparation, sources)
        jobs.insert(loading.jobs_until("state") + options.lanes, cells.fill)

        def interrupt() -> None:
            maker.stop()
            preparation.database.interrupt()

        try:
            run_lanes(jobs, options.lanes, interrupt)
        finally:
            reporter.finished()
        # 3. Describe the build: the record and its id need the digests of the sources.
        _refuse_empty_years(loading)
        preparation.settle(loading)
        complete = identity.with_digests(digests.result())
        record: dict[str, Any] = {
            **complete.as_record(),
            "tables": [asdict(table.report()) for table in loading.tables.values()],
            "parts": {name: table.parts for name, table in loading.tables.items()},
            "schema": schema_record(preparation.context),
        }
        if stage.mark:
            record["mark"] = stage.mark
        build_id = complete.build_id()
        # 4. Add the small tables. Each digest covers the tables before it: contents, then build.
        small = _small_tables(loading, preparation, cells, sources, fingerprints, complete.digests)
        if series is not None and preparation.context.has_series:
            small["eluc_span"] = series.span_table(small["year"]["year"].to_pylist())
        contents = contents_table({n: t.digest for n, t in loading.tables.items()}, small)
        record["contents"] = small_digest(contents)
        small |= {
            "table_content": contents,
            "build": build_table(
                build_id, record, options.storage_version, synthetic=sources.is_synthetic
            ),
        }
        run_interruptibly(partial(preparation.finish, small, loading), interrupt)
    # 5. Verify the result and the sources; only then is the stage complete.
    size = verify_stage(loading.tables, options, stage, build_id, record)
    if is_view:
        rename_folder(stage.database, (options.out / PARQUET).resolve())
    write_sums(stage.folder)
    digests.refuse_changed(fingerprints)
    stage.write_record(record)
    stage.complete()
    return Product(
        build_id,
        tuple(table.report() for table in loading.tables.values()),
        size + sum(table.parquet_bytes for table in loading.tables.values()),
        sum(table.reused for table in loading.tables.values()),
        sources.is_synthetic,
    )


def _small_tables(
    loading: Loading,
    preparation: Preparation,
    cells: CellTable,
    sources: Sources,
    fingerprints: Mapping[str, Fingerprint],
    digests: Mapping[str, str],
) -> dict[str, pa.Table]:
    """Return the tables that `table_content` describes, apart from the gridded ones."""
    gridded = sources.gridded
    filled = {name for name, table in loading.tables.items() if table.digest.rows}
    return {
        "cell": cells.rows,
        "year": year_table(gridded, filled),
        "region": preparation.regions().region_table(),
        "cell_region": preparation.regions().cell_region_table(),
        "eluc_total": preparation.totals().eluc_table(),
        "state_total": preparation.totals().state_table(),
        "source": source_table(gridded, sources.static, sources.layers, fingerprints, digests),
        "file_layout": layout_table(gridded.values()),
    }


def _refuse_empty_years(loading: Loading) -> None:
    """Raise if a year has no values while others have: the file was not written completely."""
    for table in loading.tables.values():
        source, rows = table.source, table.digest.rows_of_year
        empty = [str(year) for year in source.years if not rows.get(int(year))]
        if rows and empty:
            named = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if empty[5:] else "")
            usual = sum(rows.values()) // len(rows)
            raise BadValueError(
                source.path,
                f"has no values in {named}, but about {usual} cells in other years; the file is "
                "incomplete or damaged: download it again, or exclude the years with --years",
                source.variables[0].name,
            )
