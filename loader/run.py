"""One run of a build, under the lock of its output: decide, load, check, publish."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from loader.assemble import (
    build_table,
    cell_area_ha,
    cell_table,
    is_synthetic,
    source_table,
    year_table,
)
from loader.catalog import SchemaContext
from loader.database import StagedDatabase, connect_read_only, digest_of_table
from loader.errors import DatabaseError, GridError, OutputError, SourceError
from loader.fingerprint import Digests, digest_file, fingerprint
from loader.identity import Identity
from loader.landmask import land_mask
from loader.loading import Loaded, load_tables
from loader.publish import BUILD_RECORD, DATABASE, PARQUET, Published, publish, published_parquet
from loader.recognition import open_source
from loader.schema import SOURCES
from loader.summary import BuildReport, TableReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from loader.options import Options
    from loader.reporting import Reporter
    from loader.source import GriddedSource
    from loader.staging import Stage

__all__ = ["Run"]


class Run:
    """A build whose sources are chosen and whose output is locked.

    Parameters
    ----------
    options : Options
    given : mapping of str to (str or xarray.Dataset)
        The sources by name, in the order of loading.
    stage : Stage
    published : Published or None
        What lies at the output.
    reporter : Reporter
    started : float
        `time.monotonic()` at the beginning.
    """

    def __init__(
        self,
        options: Options,
        given: Mapping[str, str | xr.Dataset],
        stage: Stage,
        published: Published | None,
        reporter: Reporter,
        started: float,
    ) -> None:
        self._options = options
        self._given = given
        self._stage = stage
        self._published = published
        self._reporter = reporter
        self._started = started
        self._paths = {name: path for name, path in given.items() if isinstance(path, str)}
        self._fingerprints = {name: fingerprint(path) for name, path in self._paths.items()}
        self._identity = Identity.of(
            options, {name: self._fingerprints.get(name) for name in given}
        )

    def build(self, *, overwrite: bool) -> BuildReport:
        """Bring the output up to date.

        Returns
        -------
        BuildReport

        Raises
        ------
        OutputError
            If another build is published there and `overwrite` is not set.
        LucLoadError
            Whatever a stage raises.
        """
        unfinished = self._unfinished()
        if unfinished is not None and self._stage.is_complete:
            self._refuse_other(overwrite=overwrite)
            publish(self._stage, self._options.out)
            return self._report("published", unfinished.build_id())
        if self._published is not None:
            if self._is_published(self._published):
                return self._report("up to date", self._published.build_id)
            self._refuse_other(overwrite=overwrite)
        with ExitStack() as closing:
            sources = self._open(closing)
            if unfinished is None:
                self._stage.begin(self._identity.as_record())
            else:
                self._reporter.notice("an interrupted build is continued")
                self._stage.drop_database()
            return self._build(sources, closing)

    def _unfinished(self) -> Identity | None:
        """Return the identity of this same build if it lies unfinished; drop any other."""
        record = self._stage.record()
        found = Identity.from_record(record) if record is not None else None
        if found is not None and not self._identity.differences(found, self._digest):
            return found
        if self._stage.folder.exists():
            if record is not None:
                self._reporter.notice(
                    f"{self._stage.folder}: dropped what an interrupted build of other inputs or "
                    "options had left"
                )
            self._stage.discard()
        return None

    def _digest(self, name: str) -> str:
        return digest_file(self._paths[name])

    def _is_published(self, published: Published) -> bool:
        earlier = Identity.from_record(published.record)
        return (
            earlier is not None
            and published_parquet(self._options.out) == published.build_id
            and not self._identity.differences(earlier, self._digest)
        )

    def _refuse_other(self, *, overwrite: bool) -> None:
        if overwrite or self._published is None:
            return
        earlier = Identity.from_record(self._published.record)
        differences = (
            ["a record that this version cannot read"]
            if earlier is None
            else self._identity.differences(earlier, self._digest)
        )
        if differences:
            raise OutputError(
                f"{self._options.out / DATABASE}: was built from other inputs or options "
                f"({'; '.join(differences)}); add --overwrite to replace it, or choose another "
                "--out"
            )

    def _open(self, closing: ExitStack) -> dict[str, GriddedSource]:
        sources: dict[str, GriddedSource] = {}
        for name, given in self._given.items():
            source = open_source(SOURCES[name], given, self._options.years)
            if isinstance(given, str):
                closing.callback(source.close)
            first = next(iter(sources.values()), source)
            if not source.grid.same_as(first.grid):
                raise GridError(
                    source.path,
                    f"has another grid ({source.grid}) than {first.path} ({first.grid}); expected "
                    "one grid for all sources (regrid one of them first)",
                )
            for notice in source.notices:
                self._reporter.notice(notice)
            sources[name] = source
        return sources

    def _build(self, sources: dict[str, GriddedSource], closing: ExitStack) -> BuildReport:
        first = next(iter(sources.values()))
        digests = Digests(self._paths)
        closing.callback(digests.close)
        helper = ThreadPoolExecutor(max_workers=1)
        closing.callback(helper.shutdown, cancel_futures=True)
        mask = helper.submit(land_mask, first.grid)
        area_ha = cell_area_ha(first.grid, list(sources.values()))
        context = SchemaContext(
            first.grid,
            {source.kind.table: source.variables for source in sources.values()},
            {source.kind.table: source.kind.title for source in sources.values()},
        )
        database = StagedDatabase(
            self._stage.database,
            self._options.storage_version,
            self._options.database_bytes,
            self._options.workers,
        )
        closing.callback(database.close)
        database.create(context)
        loaded = load_tables(
            sources, self._options, self._stage, database, mask.result, self._reporter
        )
        identity = self._identity.with_digests(digests.result())
        build_id = identity.build_id()
        synthetic = any(is_synthetic(source) for source in sources.values())
        record = identity.as_record()
        has_state = loaded.has_value.get("state")
        small = {
            "cell": cell_table(first.grid, area_ha, mask.result(), has_state),
            "year": year_table(sources, loaded.digests),
            "source": source_table(sources, self._fingerprints, identity.digests),
            "build": build_table(
                build_id, record, self._options.storage_version, synthetic=synthetic
            ),
        }
        for table, rows in small.items():
            database.insert(table, rows)
        database.finish(context)
        self._verify(loaded)
        self._refuse_changed_sources()
        self._stage.write_record(identity.as_record())
        (self._stage.parquet / BUILD_RECORD).write_text(
            json.dumps({"build_id": build_id, **record}, indent=1)
        )
        self._stage.complete()
        publish(self._stage, self._options.out)
        return self._report("built", build_id, sources, loaded, synthetic=synthetic)

    def _verify(self, loaded: Loaded) -> None:
        """Read the finished database back and compare it with what was read from the sources."""
        con = connect_read_only(self._stage.database)
        try:
            for table, expected in loaded.digests.items():
                if digest_of_table(con, table) != expected:
                    raise DatabaseError(
                        f"table {table}: the database does not hold what was read; nothing was "
                        "published. Run luc-load clean and build again, with another DuckDB version"
                    )
        finally:
            con.close()

    def _refuse_changed_sources(self) -> None:
        for name, path in self._paths.items():
            if fingerprint(path) != self._fingerprints[name]:
                raise SourceError(
                    path, "changed while it was being read; run the same command again"
                )

    def _report(
        self,
        outcome: str,
        build_id: str,
        sources: Mapping[str, GriddedSource] | None = None,
        loaded: Loaded | None = None,
        *,
        synthetic: bool = False,
    ) -> BuildReport:
        out = self._options.out
        return BuildReport(
            outcome=outcome,  # type: ignore[arg-type]  # one of the three, by the callers above
            database=out / DATABASE,
            parquet=out / PARQUET,
            build_id=build_id,
            tables=_table_reports(loaded) if loaded else (),
            database_bytes=(out / DATABASE).stat().st_size,
            parquet_bytes=loaded.parquet_bytes if loaded else 0,
            seconds=time.monotonic() - self._started,
            synthetic=synthetic,
            reused_parts=loaded.reused if loaded else 0,
            notices=_missing_change(sources) if sources else (),
        )


def _table_reports(loaded: Loaded) -> tuple[TableReport, ...]:
    reports = []
    for table, digest in loaded.digests.items():
        years = sorted(digest.rows_of_year)
        reports.append(
            TableReport(
                table,
                digest.rows,
                years[0] if years else None,
                years[-1] if years else None,
                len(years),
                int(np.count_nonzero(loaded.stored_cells[table])),
            )
        )
    return tuple(reports)


def _missing_change(sources: Mapping[str, GriddedSource]) -> tuple[str, ...]:
    """Say so when the change of the last ELUC year is unknown: its state comes a year later."""
    if "eluc" not in sources or "states" not in sources:
        return ()
    last = int(sources["eluc"].years[-1])
    if last + 1 in sources["states"].years:
        return ()
    wanted = last + 1
    found = (
        f"the states of {wanted} were not loaded, so the land-use change of {last}, the last year "
        f"of ELUC, is unknown and the view luc ends in {last - 1}"
    )
    return (f"{found}. Load the states of {wanted} too, for example with --years :{wanted}.",)
