"""One run of a build, under the lock of its output: find out what to do, and do it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import cache
from typing import TYPE_CHECKING

from loader.building.dataset_place import DatasetPlace
from loader.building.estimate import Estimate, estimate, refuse_full_disk
from loader.building.fill_stage import fill_stage
from loader.building.identity import Identity
from loader.building.situation import Leftover, Situation, Step, inspect_situation
from loader.building.sources import missing_change, open_sources, region_files
from loader.building.verify import is_whole
from loader.errors import SourceError
from loader.reading.fingerprint import changed_source, digest_file, fingerprint
from loader.reading.landmask import land_mask
from loader.storing.origin import read_origin
from loader.storing.paths import DATABASE
from loader.storing.progress import unfinished_build
from loader.storing.publish import Published, take_back
from loader.storing.stage import refused
from loader.summary import BuildReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from loader.building.fill_stage import Product
    from loader.building.sources import Sources
    from loader.options import Options
    from loader.reading.inputfile import InputFile
    from loader.reporting import Reporter
    from loader.storing.stage import Stage
    from loader.summary import Outcome

__all__ = ["Run"]


class Run:
    """A build whose sources are chosen and whose output is locked.

    Parameters
    ----------
    options : Options
    files_of : mapping of str to sequence of InputFile
        The files by source, in loading order.
    stage : Stage
    published : Published or None
        The build that is published at the output.
    reporter : Reporter
    started : float
        Value of `time.monotonic()` when the build was called.
    wait_for_trial : callable
        Waits until another process has test-read the source files; raises if one is damaged.
    """

    def __init__(
        self,
        options: Options,
        files_of: Mapping[str, Sequence[InputFile]],
        stage: Stage,
        published: Published | None,
        reporter: Reporter,
        started: float,
        wait_for_trial: Callable[[], None],
    ) -> None:
        self._options = options
        self._files_of = files_of
        self._stage = stage
        self._published = published
        self._place = DatasetPlace(options.out, options.parquet, published)
        self._reporter = reporter
        self._started = started
        self._wait_for_trial = wait_for_trial
        regions = region_files(options)
        files = [file for files in files_of.values() for file in files]
        self._paths = {file.key: file.where for file in files if isinstance(file.where, str)}
        self._paths |= regions
        self._fingerprints = {name: fingerprint(path) for name, path in self._paths.items()}
        # Cached: the digest of a large file takes a minute.
        self._digest = cache(lambda name: digest_file(self._paths[name]))
        self._identity = Identity.of(
            options,
            {key: self._fingerprints.get(key) for key in (*(f.key for f in files), *regions)},
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
            Any error of a step.
        """
        # 1. Remove unfinished files, and find out what is published and what is left.
        with refused(self._stage.folder.parent):
            self._stage.sweep()
        situation = self._inspect(overwrite=overwrite)
        step = situation.step(overwrite=overwrite)
        # 2. Nothing to load: publish a finished build that is still intact, or do nothing.
        if step is Step.PUBLISH and not is_whole(self._stage, self._options):
            self._mistrust()
            situation = replace(situation, leftover=Leftover.PARTS)
            step = situation.step(overwrite=overwrite)
        if step is Step.PUBLISH:
            assert situation.unfinished_id is not None
            self._place.publish(self._stage, situation.unfinished_id, self._reporter)
            return self._report("published", situation.unfinished_id)
        if step is Step.NONE:
            assert situation.published_id is not None
            return self._report("up to date", situation.published_id)
        # 3. Otherwise open the sources, load what is missing and publish.
        self._wait_for_trial()
        with ExitStack() as stack:
            sources = open_sources(self._files_of, self._options, self._reporter, stack)
            needed = self._estimate(sources)
            stored = self._stage.parts().values() if step is Step.RESUME else ()
            refuse_full_disk(self._stage.folder.parent, needed, sum(part.size for part in stored))
            if step is Step.BEGIN:
                self._begin(needed, situation)
            else:
                self._reporter.notice("resuming an interrupted build")
                self._stage.drop_database()
            try:
                product = fill_stage(
                    sources,
                    needed,
                    # A static grid that does not cover the cells was left out.
                    {n: f for n, f in self._fingerprints.items() if n in sources.paths},
                    self._identity,
                    self._options,
                    self._stage,
                    self._reporter,
                )
            except SourceError as error:
                raise self._changed(error) from error
            self._place.publish(self._stage, product.build_id, self._reporter)
            return self._report("built", product.build_id, sources, product)

    def _changed(self, error: SourceError) -> SourceError:
        """Return the error to raise: a source that changed during the build is reported as such."""
        for name, before in self._fingerprints.items():
            path = self._paths[name]
            if path == error.path and fingerprint(path) != before:
                return changed_source(path)
        return error

    def plan(self, *, overwrite: bool) -> BuildReport:
        """Report what `build` would do, without writing anything.

        Returns
        -------
        BuildReport
            With the outcome "planned" and estimates, or "up to date".

        Raises
        ------
        LucLoadError
            Any error that `build` would raise before it loads.
        """
        # 1. The same decision as in `build`: a finished build needs no estimate.
        situation = self._inspect(overwrite=overwrite)
        if situation.step(overwrite=overwrite) is Step.NONE:
            assert situation.published_id is not None
            return self._report("up to date", situation.published_id)
        # 2. Open the sources, which raises whatever a build would raise.
        self._wait_for_trial()
        with ExitStack() as stack:
            sources = open_sources(self._files_of, self._options, self._reporter, stack)
            needed = self._estimate(sources)
            notices = missing_change(sources.gridded)
            synthetic = sources.is_synthetic
        # 3. Add what only the output folder says: leftovers, and the space that is free.
        out = self._options.out
        if (unfinished := unfinished_build(out)) is not None:
            notices += (unfinished.text(),)
        existing = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
        return BuildReport(
            outcome="planned",
            database=out / DATABASE,
            parquet=self._options.parquet or self._place.of(""),
            build_id="",
            tables=needed.tables,
            database_bytes=needed.database_bytes,
            parquet_bytes=needed.parquet_bytes,
            seconds=needed.seconds,
            synthetic=synthetic,
            notices=notices,
            free_bytes=refuse_full_disk(existing, needed),
        )

    def _estimate(self, sources: Sources) -> Estimate:
        grid = next(iter(sources.gridded.values())).grid
        return estimate(sources, self._options, lambda: land_mask(grid))

    def _inspect(self, *, overwrite: bool) -> Situation:
        """Return the state of the output; raise if its address holds a foreign dataset."""
        situation = inspect_situation(
            self._options.out / DATABASE,
            self._identity,
            self._digest,
            self._stage,
            self._published,
            self._place,
        )
        self._place.refuse_other(situation.unfinished_id, overwrite=overwrite)
        return situation

    def _mistrust(self) -> None:
        """Drop the database of a damaged finished build; its parts are verified when reused."""
        self._reporter.notice("the finished, unpublished build is damaged; rebuilding it")
        take_back(self._stage, self._options.out)
        self._stage.drop_database()

    def _begin(self, expected: Estimate, situation: Situation) -> None:
        """Start an empty stage; this is the only place that drops the files of another build."""
        if situation.leftover is Leftover.OTHER:
            self._reporter.notice(
                f"{self._stage.folder}: removed the files of an interrupted build of other sources "
                "or options"
            )
        tables = [asdict(table) for table in expected.tables]
        is_view = self._options.tables == "views"
        self._stage.begin(self._identity.as_record() | {"expected": tables}, marked=is_view)

    def _report(
        self,
        outcome: Outcome,
        build_id: str,
        sources: Sources | None = None,
        product: Product | None = None,
    ) -> BuildReport:
        out = self._options.out
        return BuildReport(
            outcome=outcome,
            database=out / DATABASE,
            parquet=self._place.of(build_id),
            build_id=build_id,
            tables=product.tables if product else (),
            database_bytes=(out / DATABASE).stat().st_size,
            parquet_bytes=product.parquet_bytes if product else 0,
            seconds=time.monotonic() - self._started,
            synthetic=(product.is_synthetic if product else read_origin(out / DATABASE).synthetic),
            reused_parts=product.reused_parts if product else 0,
            notices=missing_change(sources.gridded) if sources else (),
        )
