"""The build: from source files to a published database and data set."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.building.inputs import find_sources, sample_sources
from loader.errors import OutputError, UsageError
from loader.names import checked_argument
from loader.options import Options, require_types
from loader.reading.fingerprint import is_one_file
from loader.reading.landmask import cache_directory
from loader.reading.probe import Probe
from loader.remote.publishing import StoredOutput
from loader.remote.stores import is_address, parse_storage_options, using_storage_options
from loader.remote.targets import checked_targets
from loader.reporting import Reporter, synchronized
from loader.schema import merge_named
from loader.storing.locking import lock_output
from loader.storing.paths import DATABASE, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import xarray as xr

    from loader.storing.publish import Published
    from loader.summary import BuildReport

    Given = str | os.PathLike[str] | xr.Dataset | None

__all__ = ["build"]


def build(
    *,
    eluc: Given = None,
    states: Given = None,
    transitions: Given = None,
    management: Given = None,
    static: Given = None,
    sources: Mapping[str, Given] | None = None,
    all: bool = False,  # noqa: A002  # the name of the option
    raw: str | os.PathLike[str] | None = None,
    sample: bool = False,
    out: str | os.PathLike[str] = "luc-data",
    years: str | tuple[int | None, int | None] | None = None,
    cells: str = "data",
    workers: int | None = None,
    memory_limit: str | int | None = None,
    scheduler: str | None = None,
    storage_options: str | Mapping[str, Any] | None = None,
    storage_version: str = "v1.0.0",
    parquet_encoding: str = "split",
    tables: str = "stored",
    materialize: str | Iterable[str] | None = None,
    parquet: str | os.PathLike[str] | None = None,
    regions: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    scratch: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    reporter: Reporter | None = None,
) -> BuildReport:
    """Load gridded sources into `out`/luc.duckdb and `out`/parquet.

    Parameters
    ----------
    eluc, states, transitions, management, static : path or xarray.Dataset, optional
        The sources. When neither `eluc` nor `states` is given, both are looked for in `raw`.
    sources : mapping of str to (path or xarray.Dataset), optional
        The same for any source of the registry in `loader.schema`, by its name.
    all : bool
        Also load transitions and management where they are in `raw`; the static grid always is.
    raw : path, optional
        The folder of the usual file names; "raw" by default.
    sample : bool
        Make synthetic sources (in `raw` if given, else in `out`/sample) and load those.
    out : path
        The folder of the result, or the address of one in an object store, which gets the result
        of a build in `scratch`.
    years : str or tuple of (int or None, int or None), optional
        "FIRST:LAST", both included; either may be left open.
    cells : {"data", "land", "all"}
        Which rows are stored.
    workers : int, optional
        1 does one thing at a time.
    memory_limit : str or int, optional
        Ceiling on memory, such as "1GiB". By default half of what the machine has, or of the limit
        of the container or control group, and at most 1 GiB.
    scheduler : str, optional
        Address of a dask.distributed scheduler whose workers read the sources; they and the output
        must lie on storage that all workers share.
    storage_options : mapping or str, optional
        Options of fsspec, or JSON of them, for sources at addresses such as "s3://...".
    storage_version : str
        DuckDB's STORAGE_VERSION of the file.
    parquet_encoding : {"split", "plain"}
        Of the values in the Parquet files: "split" is smaller, "plain" is read by Spark 3 too.
    tables : {"stored", "views"}
        Whether luc.duckdb holds the gridded rows, or views of them in the Parquet files.
    materialize : str or iterable of str, optional
        Views to store as tables of the same name: "luc", "eluc_state", "state_diff".
    parquet : str, optional
        Address of a folder in an object store for the Parquet data set, such as "s3://bucket/luc";
        the database stays in `out`. Beside the database by default.
    regions : path, or sequence of paths, optional
        Files of polygons, each as "FILE" or "FILE:FIELD" with the field that names the regions:
        layers of regions besides today's countries. Needs the extra `regions`.
    scratch : path, optional
        The local folder in which a result for an address grows; one in the user's cache by default.
        It stays, so that the same command finds it again.
    overwrite : bool
        Replace a result of other inputs or options.
    dry_run : bool
        Only say what would be built; nothing is written. The report holds estimates.
    reporter : Reporter, optional
        Receives progress and notices; by default a bar in an interactive session only.

    Returns
    -------
    BuildReport

    Raises
    ------
    UsageError
        If options contradict each other.
    SourceError
        If a source is missing, unreadable or not what it must be.
    OutputError
        If the output cannot be written, is held by another process, or is not to be replaced.
    ServiceError
        If the cluster is lost.
    DatabaseError
        If DuckDB fails, or the finished database does not hold what was read.
    """
    started = time.monotonic()
    watcher = synchronized(reporter)
    require_types(
        raw=raw,
        out=out,
        years=years,
        cells=cells,
        workers=workers,
        memory_limit=memory_limit,
        scheduler=scheduler,
        storage_options=storage_options,
        storage_version=storage_version,
        parquet_encoding=parquet_encoding,
        tables=tables,
        materialize=materialize,
        parquet=parquet,
        scratch=scratch,
    )
    named = merge_named(
        {
            "eluc": eluc,
            "states": states,
            "transitions": transitions,
            "management": management,
            "static": static,
        },
        sources,
    )
    _check_arguments(out, parquet, scratch, raw, *named.values())
    target, place = checked_targets(out, parquet, tables)
    if scratch is not None and not is_address(target):
        expected = "leave it out: a local --out is built in its own folder"
        raise UsageError(f"--scratch is for a result at an address; {expected}")
    options = Options.parse(
        out=_scratch_of(target, scratch) if is_address(target) else out,
        years=years,
        cells=cells,
        storage_version=storage_version,
        parquet_encoding=parquet_encoding,
        tables=tables,
        workers=workers,
        memory_limit=memory_limit,
        scheduler=scheduler,
        storage_options=parse_storage_options(storage_options),
        parquet=place,
        regions=[regions] if isinstance(regions, str | os.PathLike) else regions,
        materialize=materialize,
    )
    everything = all
    folder = "raw" if raw is None else raw
    if sample and any(given is not None for given in named.values()):
        raise UsageError("--sample makes its own sources; name no others beside it")
    if sample and dry_run:
        raise UsageError(
            "--dry-run looks into the sources, which --sample has yet to make; run luc-load sample "
            "first and name its folder with --raw"
        )
    given = {} if sample else find_sources(named, folder, watcher.notice, everything=everything)
    with ExitStack() as stack:
        used = (target, place, *given.values())
        if any(isinstance(path, str) and is_address(path) for path in used):
            stack.enter_context(using_storage_options(options.storage_options))
        probe = stack.enter_context(Probe(_files(given), options.largest_chunk))
        # Only here: another process tries the files while this one imports the libraries.
        from loader.building.run import Run  # noqa: PLC0415
        from loader.building.situation import refuse_other_options  # noqa: PLC0415
        from loader.storing.publish import inspect_output  # noqa: PLC0415
        from loader.storing.stage import Stage  # noqa: PLC0415

        if dry_run:
            _refuse_unwritable(options.out)
            stage = Stage(options.out / PRIVATE)
            published = inspect_output(options.out)
            # A store that cannot be reached or holds another build is found before the build, too.
            _checked_store(target, published, overwrite=overwrite)
            run = Run(options, given, stage, published, watcher, started, probe.wait)
            return run.plan(overwrite=overwrite)
        work = stack.enter_context(lock_output(options.out))
        published = inspect_output(options.out)
        store = _checked_store(target, published, overwrite=overwrite)
        if sample:
            if published is not None and not overwrite:
                # Refused before the sample that the published build was made from is replaced.
                refuse_other_options(options, options.out / DATABASE, published)
            folder = options.out / "sample" if raw is None else raw
            given = sample_sources(folder, options.years, watcher, everything=everything)
            probe = stack.enter_context(Probe(_files(given), options.largest_chunk))
        run = Run(options, given, Stage(work), published, watcher, started, probe.wait)
        report = run.build(overwrite=overwrite)
        if store is not None:
            home = store.publish(options.out, report.build_id, told=watcher.detail)
            watcher.notice(f"published at {home}, built in {options.out}")
        return report


def _check_arguments(*arguments: object) -> None:
    """Raise UsageError for a path whose name is not text; datasets and lists pass."""
    for argument in arguments:
        if isinstance(argument, str | os.PathLike):
            checked_argument(argument)


def _checked_store(
    target: str, published: Published | None, *, overwrite: bool
) -> StoredOutput | None:
    """Return the store that `--out` names, after contacting it; None for a local folder.

    Raises
    ------
    OutputError
        If another build is published there, or there is no bucket.
    ServiceError
        If the store cannot be reached.
    """
    if not is_address(target):
        return None
    store = StoredOutput(target)
    store.refuse_other({None if published is None else published.build_id}, overwrite=overwrite)
    return store


def _scratch_of(address: str, scratch: str | os.PathLike[str] | None) -> Path:
    """Return where the result for an address grows: the same folder for the same address."""
    if scratch is not None:
        return Path(scratch)
    name = hashlib.sha256(address.rstrip("/").encode()).hexdigest()[:16]
    return cache_directory() / "out" / name


def _files(given: Mapping[str, str | xr.Dataset]) -> list[str]:
    """Return the sources that are local files: a folder or an address is opened otherwise."""
    return [path for path in given.values() if isinstance(path, str) and is_one_file(path)]


def _refuse_unwritable(out: Path) -> None:
    """Refuse, without writing anything, a folder that a build could not write to."""
    folder = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not folder.is_dir():
        raise OutputError(f"{out}: is not a folder; choose another --out")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{out}: cannot be written ({folder}); choose another --out")
