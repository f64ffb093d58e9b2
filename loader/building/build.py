"""The build: from source files to a published database and dataset."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.building.inputs import find_sources, sample_sources
from loader.cache import cache_directory
from loader.errors import OutputError, UsageError
from loader.names import checked_argument
from loader.options import Options, require_types
from loader.reading.fingerprint import is_one_file
from loader.reading.probe import Probe
from loader.remote.publishing import StoredOutput
from loader.remote.stores import is_address, parse_storage_options, using_storage_options
from loader.remote.targets import checked_targets
from loader.reporting import Reporter, synchronized
from loader.schema import merge_named
from loader.storing.locking import lock_output
from loader.storing.paths import DATABASE, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import xarray as xr

    from loader.reading.inputfile import InputFile
    from loader.storing.publish import Published
    from loader.summary import BuildReport
    from loader.years import Years

    One = str | os.PathLike[str] | xr.Dataset
    Given = One | Sequence[One] | Mapping[str, One | Sequence[One]] | None

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
    years: Years | None = None,
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
    prefer: str | None = None,
    bbox: str | Sequence[float] | None = None,
    scratch: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    reporter: Reporter | None = None,
) -> BuildReport:
    """Load gridded sources into `out`/luc.duckdb and `out`/parquet.

    Parameters
    ----------
    eluc, states, transitions, management, static : path or xarray.Dataset, or several, optional
        The sources. If neither `eluc` nor `states` is given, both are looked for in `raw`. Of all
        but the static grid, a pattern such as "states_*.nc" or a sequence of files is joined by
        year. A further product of emissions is "NAME=FILE", or `eluc` is a mapping such as
        {"eluc": "net.nc", "committed": "committed.nc"}.
    sources : mapping of str to (path or xarray.Dataset, or several), optional
        Any sources of the registry in `loader.schema`, by name.
    all : bool
        Also load transitions and management if they are in `raw`. The static grid is always
        loaded if it is there.
    raw : path, optional
        The folder with the files of the usual names; "raw" by default.
    sample : bool
        Write synthetic sources (to `raw` if given, else to `out`/sample) and load them.
    out : path
        The folder of the result, or an address in an object store. For an address the result is
        built in `scratch` and then uploaded.
    years : int, str, range, slice or (first, last), optional
        One year, "FIRST:LAST", or first and last year, both inclusive; either may be omitted.
    cells : {"data", "land", "all"}
        Which rows are stored.
    workers : int, optional
        Number of parallel workers; one per core by default.
    memory_limit : str or int, optional
        Upper limit of memory, such as "1GiB". By default half of the memory of the machine,
        container or control group, and at most 1 GiB.
    scheduler : str, optional
        Address of a dask.distributed scheduler whose workers read the sources. Sources and output
        must be on storage that all workers share.
    storage_options : mapping or str, optional
        Options of fsspec, or JSON of them, for sources at addresses such as "s3://...".
    storage_version : str
        DuckDB's STORAGE_VERSION of the file.
    parquet_encoding : {"split", "plain"}
        Encoding of the values in the Parquet files: "split" is smaller; Spark 3 needs "plain".
    tables : {"stored", "views"}
        Whether luc.duckdb stores the gridded rows, or has views that read the Parquet files.
    materialize : str or iterable of str, optional
        Views to store as tables of the same name: "luc", "eluc_state", "state_diff".
    parquet : str, optional
        Address of a folder in an object store for the Parquet dataset, such as "s3://bucket/luc";
        the database stays in `out`. Next to the database by default.
    regions : path, or sequence of paths, optional
        Files of polygons, each as ``"FILE"`` or ``"FILE:FIELD"`` with the field that names the
        regions: layers of regions in addition to today's countries. Needs the extra `regions`.
    prefer : {"first", "last"}, optional
        The file from which a year comes that several files of a source have, in the order in which
        they are named. By default their values must be equal.
    bbox : str or (west, south, east, north), optional
        Load only the cells with their centres inside, in degrees; the whole grid by default. A box
        whose west is greater than its east crosses the date line.
    scratch : path, optional
        Local working folder when `out` is an address; one in the user's cache by default. It is
        kept, so that the same command finds it again.
    overwrite : bool
        Replace a result of other sources or options.
    dry_run : bool
        Only report what would be built, with estimates; nothing is written.
    reporter : Reporter, optional
        Receives progress and notices; by default a progress bar, in interactive sessions only.

    Returns
    -------
    BuildReport

    Raises
    ------
    UsageError
        If options contradict each other.
    SourceError
        If a source is missing, unreadable or invalid.
    OutputError
        If the output cannot be written, is in use by another process, or would be replaced without
        `overwrite`.
    ServiceError
        If the cluster or an object store cannot be reached.
    DatabaseError
        If DuckDB fails, or the finished database differs from what was read.

    Examples
    --------
    >>> import loader
    >>> done = loader.build(raw="raw", years="2015:2016", out="two-years")
    >>> done.outcome, done.synthetic
    ('built', True)
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
        prefer=prefer,
        bbox=bbox,
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
    _check_arguments(out, parquet, scratch, raw, *_leaves(list(named.values())))
    target, place = checked_targets(out, parquet, tables)
    if scratch is not None and not is_address(target):
        raise UsageError(
            "--scratch requires an address as --out; leave it out: a local --out is built in place"
        )
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
        prefer=prefer,
        bbox=bbox,
    )
    everything = all
    folder = "raw" if raw is None else raw
    if sample and any(source is not None for source in named.values()):
        raise UsageError("--sample writes its own sources; do not name others with it")
    if sample and dry_run:
        raise UsageError(
            "--dry-run reads the sources, which --sample has not written yet; run luc-load sample "
            "first and name its folder with --raw"
        )
    with ExitStack() as stack:
        used = (target, place, *_leaves(list(named.values())))
        if any(isinstance(path, str) and "://" in path for path in used):
            stack.enter_context(using_storage_options(options.storage_options))
        files_of = {}
        if not sample:
            files_of = find_sources(
                named, folder, watcher.notice, everything=everything, prefer=options.prefer
            )
        probe = stack.enter_context(Probe(_files(files_of), options.largest_chunk))
        # Imported here: another process test-reads the files while this one imports libraries.
        from loader.building.run import Run  # noqa: PLC0415
        from loader.building.situation import refuse_other_options  # noqa: PLC0415
        from loader.storing.publish import inspect_output  # noqa: PLC0415
        from loader.storing.stage import Stage  # noqa: PLC0415

        if dry_run:
            _refuse_unwritable(options.out)
            stage = Stage(options.out / PRIVATE)
            published = inspect_output(options.out)
            # A dry run must also report a store that cannot be reached or holds another build.
            _checked_store(target, published, overwrite=overwrite)
            run = Run(options, files_of, stage, published, watcher, started, probe.wait)
            return run.plan(overwrite=overwrite)
        work = stack.enter_context(lock_output(options.out))
        published = inspect_output(options.out)
        store = _checked_store(target, published, overwrite=overwrite)
        if sample:
            if published is not None and not overwrite:
                # Checked before the sample that the published build was made from is replaced.
                refuse_other_options(options, options.out / DATABASE, published)
            folder = options.out / "sample" if raw is None else raw
            files_of = sample_sources(folder, options.years, watcher, everything=everything)
            probe = stack.enter_context(Probe(_files(files_of), options.largest_chunk))
        run = Run(options, files_of, Stage(work), published, watcher, started, probe.wait)
        report = run.build(overwrite=overwrite)
        if store is not None:
            home = store.publish(options.out, report.build_id, notify=watcher.detail)
            watcher.notice(f"published at {home}, built in {options.out}")
        return report


def _check_arguments(*arguments: object) -> None:
    """Raise UsageError for a path whose name is not text; datasets and lists pass."""
    for argument in arguments:
        if isinstance(argument, str | os.PathLike):
            checked_argument(argument)


def _leaves(value: object) -> Iterator[object]:
    """Yield the values in nested sequences and mappings; a dataset is one value."""
    if isinstance(value, Mapping) and not hasattr(value, "data_vars"):
        value = list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


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
    """Return the local working folder of an address: always the same for the same address."""
    if scratch is not None:
        return Path(scratch)
    name = hashlib.sha256(address.rstrip("/").encode()).hexdigest()[:16]
    return cache_directory() / "out" / name


def _files(files_of: Mapping[str, Sequence[InputFile]]) -> list[str]:
    """Return the sources that are local files, not folders or addresses."""
    paths = [file.where for files in files_of.values() for file in files]
    # A Zarr store in an archive, or references to one, are not netCDF: zarr itself opens them.
    return [
        path
        for path in paths
        if isinstance(path, str) and is_one_file(path) and not path.endswith((".zip", ".json"))
    ]


def _refuse_unwritable(out: Path) -> None:
    """Raise, without writing anything, if a build could not write to the folder."""
    folder = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not folder.is_dir():
        raise OutputError(f"{out}: is not a folder; choose another --out")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{out}: cannot be written (no write permission for {folder}); choose another --out"
        )
