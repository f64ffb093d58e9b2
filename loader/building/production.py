"""Make a complete stage: load the sources, add the small tables, check the result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from loader.building.assemble import (
    build_table,
    cell_area_ha,
    cell_table,
    emission_product,
    source_table,
    source_title,
    year_table,
)
from loader.building.layouts import layout_table
from loader.building.loading import Loading, LocalMaker, Sink
from loader.building.totals import Totals
from loader.catalog.objects import SchemaContext
from loader.catalog.products import EmissionProduct
from loader.catalog.record import schema_record
from loader.cluster.build import cluster_maker
from loader.errors import BadValueError, DatabaseError
from loader.lanes import run_interruptibly, run_lanes
from loader.reading.fingerprint import Digests, Fingerprint
from loader.reading.landmask import land_mask
from loader.storing.contents import contents_table, small_digest
from loader.storing.database import (
    StagedDatabase,
    connect_read_only,
    digest_of_table,
    rename_folder,
)
from loader.storing.dataset import complete_dataset
from loader.storing.digest import TableDigest
from loader.storing.publish import PARQUET
from loader.storing.sums import write_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb
    import numpy.typing as npt
    import pyarrow as pa

    from loader.building.estimate import Estimate
    from loader.building.identity import Identity
    from loader.building.loading import Maker, TableLoad
    from loader.building.sources import Sources
    from loader.lanes import Turn
    from loader.options import Options
    from loader.reading.landmask import LandMask
    from loader.reporting import Reporter
    from loader.storing.staging import Stage
    from loader.summary import TableReport

__all__ = ["Product", "produce"]


@dataclass(frozen=True)
class Product:
    """What was made.

    Attributes
    ----------
    build_id : str
    tables : tuple of TableReport
    parquet_bytes : int
    reused_parts : int
        Parts that an interrupted run had left.
    is_synthetic : bool
        Whether any source is a made-up sample.
    """

    build_id: str
    tables: tuple[TableReport, ...]
    parquet_bytes: int
    reused_parts: int
    is_synthetic: bool


def produce(
    sources: Sources,
    expected: Estimate,
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
    expected : Estimate
        What was said of this build before.
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
    with ExitStack() as stack:
        digests = Digests({name: sources.paths[name] for name in fingerprints})
        stack.callback(digests.close)
        preparation = _Preparation(sources, options, stage, stack)
        loading = Loading(sources.gridded, options, stage, expected, preparation.mask, reporter)
        maker: Maker = LocalMaker(stage, options.parquet_encoding)
        if options.scheduler is not None:
            maker = stack.enter_context(
                cluster_maker(options, loading, fingerprints, stage, reporter.notice)
            )
        is_view = options.tables == "views"
        jobs = loading.jobs(maker, Sink(preparation.totals, None if is_view else preparation.lanes))
        cells = _Cells(loading, preparation, sources)

        def interrupt() -> None:
            maker.stop()
            preparation.database.interrupt()

        try:
            run_lanes([*jobs, cells.fill], options.lanes, interrupt)
        finally:
            reporter.finished()
        _refuse_empty_years(loading)
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
        small = _small_tables(loading, preparation, cells, sources, fingerprints, complete.digests)
        contents = contents_table({n: t.digest for n, t in loading.tables.items()}, small)
        record["contents"] = small_digest(contents)
        small |= {
            "table_content": contents,
            "build": build_table(
                build_id, record, options.storage_version, synthetic=sources.is_synthetic
            ),
        }
        run_interruptibly(partial(preparation.finish, small, loading), interrupt)
    size = _verify(loading, options, stage, build_id, record)
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


class _Preparation:
    """What the first blocks are read without, and is made meanwhile in helping threads.

    Every method waits for what it returns, in any lane.

    Attributes
    ----------
    context : SchemaContext
    database : StagedDatabase
    """

    def __init__(self, sources: Sources, options: Options, stage: Stage, stack: ExitStack) -> None:
        gridded = sources.gridded
        grid = next(iter(gridded.values())).grid
        self._stage = stage
        self._is_view = options.tables == "views"
        self._years = year_table(gridded)
        self.context = SchemaContext(
            grid,
            {source.kind.table: source.variables for source in gridded.values()},
            {source.kind.table: source_title(source) for source in gridded.values()},
            emission_product(gridded["eluc"]) if "eluc" in gridded else EmissionProduct(),
        )
        self.database = StagedDatabase(
            stage.database, options.storage_version, options.database_bytes, options.lanes
        )
        stack.callback(self.database.close)
        helpers = ThreadPoolExecutor(max_workers=2)
        stack.callback(helpers.shutdown, cancel_futures=True)
        self._mask = helpers.submit(land_mask, grid)
        self._area = helpers.submit(cell_area_ha, grid, list(gridded.values()))
        self._totals = helpers.submit(self._make_totals, sources)
        self._created = helpers.submit(self._create)

    def mask(self) -> LandMask:
        """Return the land mask."""
        return self._mask.result()

    def area_ha(self) -> npt.NDArray[np.float64]:
        """Return the area of every cell, hectares, shape (n_cells,)."""
        return self._area.result()

    def totals(self) -> Totals:
        """Return what adds up the rows."""
        return self._totals.result()

    def lanes(self) -> tuple[Any, ...]:
        """Return the connections of the lanes to a database that has its tables."""
        self._created.result()
        return self.database.lanes

    def _make_totals(self, sources: Sources) -> Totals:
        static = sources.static
        return Totals(
            self.area_ha(),
            None if static is None else static.country_code,
            None if static is None else static.countries,
            self.context.land_uses,
        )

    def _create(self) -> None:
        if self._is_view:
            self.database.create_tables(self.context, set(self.context.variables))
        else:
            self.database.create(self.context, self._years)

    def finish(self, small: Mapping[str, pa.Table], loading: Loading) -> None:
        """Fill the small tables that are not filled yet, and leave one complete file."""
        lane = self.lanes()[0]
        for table, rows in small.items():
            if table != "cell" and (table != "year" or self._is_view):
                lane.insert(table, rows)
        lane.commit()
        if self._is_view:
            parts = {name: table.parts for name, table in loading.tables.items()}
            self.database.create_views(self.context, parts, self._stage.parquet.resolve())
        elif not small["year"].equals(self._years):
            # A table stayed empty: it has no years, and the views are cut by those that there are.
            self.database.create_again(self.context, small["year"])
        self.database.finish()


class _Cells:
    """The table cell, which is filled while the last blocks are read.

    Attributes
    ----------
    rows : pyarrow.Table
        Once it is filled.
    """

    rows: pa.Table

    def __init__(self, loading: Loading, preparation: _Preparation, sources: Sources) -> None:
        self._loading = loading
        self._preparation = preparation
        self._sources = sources

    def fill(self, turn: Turn) -> None:
        """Make the rows, when it is known which cells have a state, and insert them."""
        turn.wait_for(self._loading.jobs_until("state"))
        states = self._loading.tables.get("state")
        self.rows = cell_table(
            self._preparation.context.grid,
            self._preparation.area_ha(),
            self._preparation.mask(),
            None if states is None else states.has_value,
            self._sources.static,
        )
        lane = self._preparation.lanes()[turn.lane]
        lane.insert("cell", self.rows)
        lane.commit()


def _small_tables(
    loading: Loading,
    preparation: _Preparation,
    cells: _Cells,
    sources: Sources,
    fingerprints: Mapping[str, Fingerprint],
    digests: Mapping[str, str],
) -> dict[str, pa.Table]:
    """Return the tables that `table_content` describes, besides the gridded ones."""
    gridded = sources.gridded
    filled = {name for name, table in loading.tables.items() if table.digest.rows}
    return {
        "cell": cells.rows,
        "year": year_table(gridded, filled),
        "eluc_total": preparation.totals().eluc_table(),
        "state_total": preparation.totals().state_table(),
        "source": source_table(gridded, sources.static, fingerprints, digests),
        "file_layout": layout_table(gridded.values()),
    }


def _refuse_empty_years(loading: Loading) -> None:
    """Raise if a year has no value while others have: whoever wrote the file did not finish."""
    for table in loading.tables.values():
        source, rows = table.source, table.digest.rows_of_year
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


def _verify(
    loading: Loading, options: Options, stage: Stage, build_id: str, record: Mapping[str, Any]
) -> int:
    """Read the finished database back, and complete the Parquet dataset from it.

    Returns
    -------
    int
        Bytes that the dataset has besides its parts.

    Raises
    ------
    DatabaseError
        If the database does not hold what was read from the sources.
    """
    found = {name: TableDigest() for name in loading.tables}
    sizes: list[int] = []
    jobs: list[Callable[[Turn], None]] = []
    cursors: list[duckdb.DuckDBPyConnection] = []
    with closing(connect_read_only(stage.database, options.lanes, options.database_bytes)) as con:

        def read_back(
            table: TableLoad, years: tuple[int, int], cursor: duckdb.DuckDBPyConnection, turn: Turn
        ) -> None:
            digest = digest_of_table(cursor, table.name, years)
            turn.wait()
            found[table.name].merge(digest)

        def complete(cursor: duckdb.DuckDBPyConnection, _: Turn) -> None:
            sizes.append(complete_dataset(cursor, stage.parquet, build_id, record))

        def interrupt() -> None:
            for cursor in cursors:
                cursor.interrupt()

        for table in loading.tables.values():
            for years in _year_ranges(table):
                cursors.append(con.cursor())
                jobs.append(partial(read_back, table, years, cursors[-1]))
        cursors.append(con.cursor())
        run_lanes([partial(complete, cursors[-1]), *jobs], options.lanes, interrupt)
    for name, table in loading.tables.items():
        if found[name] != table.digest:
            raise DatabaseError(
                f"table {name}: the database does not hold what was read; nothing was published. "
                "Run the same command again, with another DuckDB version if it happens again"
            )
    return sum(sizes)


def _year_ranges(table: TableLoad) -> list[tuple[int, int]]:
    """Return ranges of years, by blocks, that leave no year out, loaded or not."""
    lasts = sorted({block.last_year for block in table.blocks})
    limits = np.iinfo(np.int16)
    ends = [*lasts[:-1], int(limits.max)]
    return list(zip([int(limits.min), *(last + 1 for last in lasts[:-1])], ends, strict=True))
