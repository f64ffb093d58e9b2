"""One run of a build, under the lock of its output: decide what is left to do, and do it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

from loader.building.estimate import Estimate, estimate, refuse_full_disk
from loader.building.identity import Identity
from loader.building.placing import DatasetPlace
from loader.building.production import produce
from loader.building.sources import missing_change, open_sources
from loader.building.waiting import is_whole
from loader.errors import OutputError, SourceError
from loader.reading.fingerprint import changed_source, digest_file, fingerprint
from loader.reading.landmask import land_mask
from loader.storing.database import has_synthetic_source
from loader.storing.publish import DATABASE, Published, take_back
from loader.storing.staging import refused
from loader.storing.unfinished import unfinished_build
from loader.summary import BuildReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr

    from loader.building.production import Product
    from loader.building.sources import Sources
    from loader.options import Options
    from loader.reporting import Reporter
    from loader.storing.staging import Stage
    from loader.summary import Outcome

__all__ = ["Run", "refuse_other_options"]


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
    tried : callable
        Waits until the source files were tried in another process; raises if one is not sound.
    """

    def __init__(
        self,
        options: Options,
        given: Mapping[str, str | xr.Dataset],
        stage: Stage,
        published: Published | None,
        reporter: Reporter,
        started: float,
        tried: Callable[[], None],
    ) -> None:
        self._options = options
        self._given = given
        self._stage = stage
        self._published = published
        self._place = DatasetPlace(options.out, options.parquet, published)
        self._reporter = reporter
        self._started = started
        self._tried = tried
        self._paths = {name: path for name, path in given.items() if isinstance(path, str)}
        self._fingerprints = {name: fingerprint(path) for name, path in self._paths.items()}
        # Once a run: of a large file that was touched it takes a minute.
        self._digest = cache(lambda name: digest_file(self._paths[name]))
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
        with refused(self._stage.folder.parent):
            self._stage.sweep()
        unfinished = self._unfinished()
        waiting = self._waiting(unfinished)
        self._place.refuse_other(waiting, overwrite=overwrite)
        if waiting is not None:
            self._refuse_other(overwrite=overwrite)
            if not is_whole(self._stage, self._options):
                self._mistrust()
                waiting = None
        if waiting is not None:
            self._place.publish(self._stage, waiting, self._reporter)
            return self._report("published", waiting)
        if (done := self._nothing_to_do(overwrite=overwrite)) is not None:
            return done
        self._tried()
        with ExitStack() as stack:
            sources = open_sources(self._given, self._options, self._reporter, stack)
            needed = self._estimate(sources)
            stored = self._stage.parts().values() if unfinished is not None else ()
            refuse_full_disk(self._stage.folder.parent, needed, sum(part.size for part in stored))
            if unfinished is None:
                self._begin(needed)
            else:
                self._reporter.notice("an interrupted build is continued")
                self._stage.drop_database()
            try:
                product = produce(
                    sources,
                    self._fingerprints,
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
        """Return what to say of damage that was not there when the build began."""
        for name, before in self._fingerprints.items():
            path = self._paths[name]
            if path == error.path and fingerprint(path) != before:
                return changed_source(path)
        return error

    def plan(self, *, overwrite: bool) -> BuildReport:
        """Say what `build` would do, and write nothing.

        Returns
        -------
        BuildReport
            Of outcome "planned", with estimates, or "up to date".

        Raises
        ------
        LucLoadError
            What `build` would raise before it begins to load.
        """
        self._place.refuse_other(self._waiting(self._unfinished()), overwrite=overwrite)
        if (done := self._nothing_to_do(overwrite=overwrite)) is not None:
            return done
        self._tried()
        with ExitStack() as stack:
            sources = open_sources(self._given, self._options, self._reporter, stack)
            needed = self._estimate(sources)
            notices = missing_change(sources.gridded)
            synthetic = sources.is_synthetic
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
        return estimate(sources.gridded, self._options, lambda: land_mask(grid))

    def _unfinished(self) -> Identity | None:
        """Return the identity of this same build if it lies unfinished, wherever it was to go."""
        record = self._stage.record()
        found = Identity.from_record(record) if record is not None else None
        if found is None:
            return None
        # Its parts are the same for every place, as long as they are still in the stage.
        here = found.placed_as(self._identity) if self._stage.parquet.is_dir() else found
        return None if self._identity.differences(here, self._digest) else found

    def _waiting(self, unfinished: Identity | None) -> str | None:
        """Return the id of an unfinished build of which only the publishing here is left."""
        if unfinished is None or not self._stage.is_complete:
            return None
        return unfinished.build_id() if unfinished.is_placed_as(self._identity) else None

    def _mistrust(self) -> None:
        """Keep of a finished build that was damaged only what is read again anyway: its parts."""
        self._reporter.notice("the finished build that waited here is damaged; it is made anew")
        take_back(self._stage, self._options.out)
        self._stage.drop_database()

    def _begin(self, expected: Estimate) -> None:
        """Start an empty stage; only here is what another build left given up."""
        if self._stage.record() is not None:
            self._reporter.notice(
                f"{self._stage.folder}: dropped what an interrupted build of other inputs or "
                "options had left"
            )
        tables = [asdict(table) for table in expected.tables]
        is_view = self._options.tables == "views"
        self._stage.begin(self._identity.as_record() | {"expected": tables}, marked=is_view)

    def _nothing_to_do(self, *, overwrite: bool) -> BuildReport | None:
        """Return a report where this same build is published, and refuse to replace another."""
        if self._published is None:
            return None
        if self._is_published(self._published):
            return self._report("up to date", self._published.build_id)
        self._refuse_other(overwrite=overwrite)
        return None

    def _is_published(self, published: Published) -> bool:
        earlier = Identity.from_record(published.record)
        return (
            earlier is not None
            and self._place.holds(published.build_id)
            and not self._identity.differences(earlier, self._digest)
        )

    def _refuse_other(self, *, overwrite: bool) -> None:
        if overwrite or self._published is None:
            return
        earlier = Identity.from_record(self._published.record)
        differences = ["a record that this version cannot read"]
        if earlier is not None:
            differences = self._identity.differences(earlier, self._digest)
        if differences:
            raise _refusal(self._options, differences)

    def _report(
        self,
        outcome: Outcome,
        build_id: str,
        sources: Sources | None = None,
        product: Product | None = None,
    ) -> BuildReport:
        out = self._options.out
        loaded = product.loaded if product else None
        return BuildReport(
            outcome=outcome,
            database=out / DATABASE,
            parquet=self._place.of(build_id),
            build_id=build_id,
            tables=loaded.reports() if loaded else (),
            database_bytes=(out / DATABASE).stat().st_size,
            parquet_bytes=loaded.parquet_bytes if loaded else 0,
            seconds=time.monotonic() - self._started,
            synthetic=(product.is_synthetic if product else has_synthetic_source(out / DATABASE)),
            reused_parts=loaded.reused if loaded else 0,
            notices=missing_change(sources.gridded) if sources else (),
        )


def refuse_other_options(options: Options, published: Published) -> None:
    """Refuse to replace a build of other options or another version, whatever its sources.

    Raises
    ------
    OutputError
        If they differ.
    """
    earlier = Identity.from_record(published.record)
    if earlier is not None and (differences := Identity.of(options, {}).other_options(earlier)):
        raise _refusal(options, differences)


def _refusal(options: Options, differences: list[str]) -> OutputError:
    return OutputError(
        f"{options.out / DATABASE}: was built from other inputs or options "
        f"({'; '.join(differences)}); add --overwrite to replace it, or choose another --out"
    )
