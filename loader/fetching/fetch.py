"""Download the source files into the folder where a build looks for them."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loader.display import Displayed
from loader.errors import OutputError, UsageError
from loader.fetching.addresses import choose
from loader.fetching.conditions import Conditions, Watch
from loader.fetching.editions import DEFAULT_EDITION
from loader.fetching.progress import Transfers
from loader.fetching.space import Space
from loader.fetching.transfer import receive
from loader.fetching.verify import refuse_other_file
from loader.reporting import Progress, Reporter, synchronized
from loader.schema import merge_named
from loader.text import human_bytes, without_secrets

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from loader.fetching.addresses import Remote

__all__ = ["FetchReport", "Fetched", "fetch"]

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 1.0
"""How long a transfer may take to write its bytes to disk when it is stopped."""


@dataclass(frozen=True)
class Fetched:
    """The outcome for one file.

    Attributes
    ----------
    name : str
        Of the source.
    url : str
    path : pathlib.Path
    outcome : {"downloaded", "exists already", "to download", "to resume"}
        The last two only with `dry_run`.
    size : int or None
        Bytes; None if the size is not known before the download.
    md5 : str or None
        Hexadecimal; None if the file was not read completely.
    """

    name: str
    url: str
    path: Path
    outcome: Literal["downloaded", "exists already", "to download", "to resume"]
    size: int | None
    md5: str | None = None


@dataclass(frozen=True)
class FetchReport(Displayed):
    """The outcome of a fetch: one entry for each file."""

    files: tuple[Fetched, ...]

    def text(self) -> str:
        """Return the result as readable text, a line for each file."""
        width = max(len(str(file.path)) for file in self.files)
        lines = []
        for file in self.files:
            size = human_bytes(file.size) if file.size is not None else "size unknown"
            md5 = f"  md5 {file.md5}" if file.md5 else ""
            planned = (
                f"  from {without_secrets(file.url)}" if file.outcome.startswith("to ") else ""
            )
            where = f"{file.path!s:<{width}}"
            lines.append(f"{where}  {size:>7}  {file.outcome}{md5}{planned}")
        return "\n".join(lines)


@dataclass(frozen=True)
class _Ended:
    """How the transfer of one file ended."""

    remote: Remote
    result: Fetched | BaseException


def fetch(
    *,
    raw: str | os.PathLike[str] = "raw",
    eluc: str | None = None,
    states: str | None = None,
    transitions: str | None = None,
    management: str | None = None,
    static: str | None = None,
    sources: Mapping[str, str] | None = None,
    all: bool = False,  # noqa: A002  # the name of the option
    only: str | Sequence[str] | None = None,
    edition: str = DEFAULT_EDITION,
    workers: int = 4,
    retries: int = 5,
    timeout: float = 60.0,
    ca_bundle: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    backoff: float = 1.0,
    reporter: Reporter | None = None,
) -> FetchReport:
    """Download the source files into `raw`, under the names that a build looks for.

    A complete file is not downloaded again. An interrupted download is resumed if the server still
    has the same file. No other file is ever overwritten.

    Parameters
    ----------
    raw : path
        Created if necessary.
    eluc, states, transitions, management, static : str, optional
        An http or https address in place of the usual one; it may end in "#md5=..." or
        "#sha256=...", which the file is then verified against.
    sources : mapping of str to str, optional
        The same for any source of the registry, by its name.
    all : bool
        Every source; otherwise `eluc`, `states`, `static` and those with an address argument.
    only : str or sequence of str, optional
        Download exactly these sources.
    edition : {"gcb2022", "v2h"}
        Edition of the files. Files of two editions have the same names: use a folder for each.
    workers : int
        Number of files to download at the same time.
    retries : int
        Number of consecutive attempts that may bring no data.
    timeout : float
        Seconds without data, or with less than 1 kB/s, after which a connection counts as lost.
    ca_bundle : path, optional
        A PEM file of certificates to trust in addition to the usual authorities.
    dry_run : bool
        Report what would be downloaded, without any request.
    backoff : float
        Seconds before the second attempt; doubles each time, up to a minute.
    reporter : Reporter, optional
        Receives interruptions, retries and finished files, and five times a second the progress.

    Returns
    -------
    FetchReport

    Raises
    ------
    UsageError
        If an option is not valid.
    SourceError
        If a server has no such file, or sends something else.
    ServiceError
        If a server does not answer, or its certificate cannot be verified.
    OutputError
        If another file has the name, another process is downloading the same file, or the disk is
        full or cannot be written.

    Examples
    --------
    >>> import loader
    >>> planned = loader.fetch(raw="raw-real", dry_run=True)
    >>> [file.path.name for file in planned.files][1:]
    ['states.nc', 'staticData_quarterdeg.nc']
    """
    for option, value, least in (("workers", workers, 1), ("retries", retries, 0)):
        if value < least:
            raise UsageError(f"--{option} is {value}; expected at least {least}")
    if timeout <= 0:
        raise UsageError(f"--timeout is {timeout:g}; expected more than 0 seconds")
    # Choose the files before anything is written: a wrong name must leave no folder behind.
    addresses = merge_named(
        {
            "eluc": eluc,
            "states": states,
            "transitions": transitions,
            "management": management,
            "static": static,
        },
        sources,
    )
    chosen = choose(addresses, only, everything=all, edition=edition)
    folder = Path(raw)
    if dry_run:
        return FetchReport(tuple(_plan(remote, folder / remote.file) for remote in chosen))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created ({error.strerror})") from error
    bundle = None if ca_bundle is None else str(ca_bundle)
    conditions = Conditions(retries, backoff, timeout, bundle)
    return _Run(chosen, folder, conditions, synchronized(reporter)).all(workers)


def _plan(remote: Remote, path: Path) -> Fetched:
    begun = path.with_name(path.name + ".part").exists()
    if path.exists():
        return Fetched(remote.name, remote.url, path, "exists already", path.stat().st_size)
    outcome: Literal["to download", "to resume"] = "to resume" if begun else "to download"
    return Fetched(remote.name, remote.url, path, outcome, remote.size)


class _Run:
    """The downloads of one call: threads that download, and the calling thread that reports."""

    def __init__(
        self,
        remotes: list[Remote],
        folder: Path,
        conditions: Conditions,
        reporter: Reporter,
    ) -> None:
        self._remotes = remotes
        self._folder = folder
        self._conditions = conditions
        self._reporter = reporter
        self._space = Space(folder)
        self._transfers = Transfers()
        self._stop = threading.Event()
        self._waiting: queue.SimpleQueue[Remote] = queue.SimpleQueue()
        self._messages: queue.SimpleQueue[_Ended | str] = queue.SimpleQueue()

    def all(self, workers: int) -> FetchReport:
        """Download all files; if one fails, the others still continue."""
        for remote in self._remotes:
            self._waiting.put(remote)
        # Daemon threads: one that waits for a server must not keep an interrupted program alive.
        count = min(workers, len(self._remotes))
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            ended = self._watch()
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(_PATIENCE_SECONDS)
            self._reporter.finished()
        failures = [end.result for end in ended if isinstance(end.result, BaseException)]
        for failure in failures[1:]:
            self._reporter.notice(str(failure))
        if failures:
            raise failures[0]
        results = {end.remote.name: end.result for end in ended if isinstance(end.result, Fetched)}
        return FetchReport(tuple(results[remote.name] for remote in self._remotes))

    def _watch(self) -> list[_Ended]:
        """Report until every file has ended; return how, in the order of ending."""
        ended: list[_Ended] = []
        while len(ended) < len(self._remotes):
            try:
                message = self._messages.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                if line := self._transfers.line():
                    self._reporter.progress(Progress(line, None, 0, None))
                continue
            if isinstance(message, str):
                self._reporter.notice(message)
                continue
            ended.append(message)
            if isinstance(message.result, Fetched):
                self._reporter.detail(f"{message.result.path}: {message.result.outcome}")
        return ended

    def _work(self) -> None:
        while True:
            try:
                remote = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                result: Fetched | BaseException = self._one(remote)
            except BaseException as error:  # noqa: BLE001  # raised again in the calling thread
                result = error
            self._messages.put(_Ended(remote, result))

    def _one(self, remote: Remote) -> Fetched:
        path = self._folder / remote.file

        def advanced(done: int, total: int | None) -> None:
            self._transfers.advanced(remote.name, done, total)

        if path.exists() or path.is_symlink():
            md5 = refuse_other_file(remote, path, advanced)
            size = path.stat().st_size
            return Fetched(remote.name, remote.url, path, "exists already", size, md5)
        watch = Watch(self._stop, advanced, self._messages.put)
        received = receive(remote, path, self._conditions, self._space, watch)
        return Fetched(remote.name, remote.url, path, "downloaded", received.size, received.md5)
