"""Download one file, from the first request to its final name, with retries."""

from __future__ import annotations

import hashlib
import random
import time
from typing import TYPE_CHECKING

from loader.errors import OutputError, ServiceError, SourceError
from loader.fetching.client import Client, Lost
from loader.fetching.conditions import LEAST_RATE, Interrupted, Received
from loader.fetching.partial import Partial
from loader.fetching.verify import look_at_beginning, look_at_whole

if TYPE_CHECKING:
    from pathlib import Path

    from loader.fetching.addresses import Remote
    from loader.fetching.client import Answer
    from loader.fetching.conditions import Conditions, Watch
    from loader.fetching.space import Space

__all__ = ["receive"]

_READ_BYTES = 64 * 2**10
"""A lost connection costs what was read and not yet returned: less than this."""

_MAGIC_BYTES = 8
"""Number of first bytes that identify netCDF."""

_LONGEST_WAIT = 300.0
"""Seconds; if a server requests a longer wait, the download ends."""


def receive(
    remote: Remote, target: Path, conditions: Conditions, space: Space, watch: Watch
) -> Received:
    """Download a file to `target`, which must not exist yet.

    Parameters
    ----------
    remote : Remote
    target : pathlib.Path
        In an existing folder.
    conditions : Conditions
    space : Space
        Shared by all transfers to one disk.
    watch : Watch

    Returns
    -------
    Received

    Raises
    ------
    Interrupted
        If `watch.stop` was set.
    SourceError
        If the server has no such file, or sends another one.
    ServiceError
        If the server does not answer.
    OutputError
        If the disk is full or cannot be written.
    """
    client = Client(conditions.timeout, conditions.ca_bundle)
    try:
        partial = Partial(target, remote.url)
        try:
            return _Transfer(remote, partial, client, conditions, space, watch).run()
        finally:
            partial.close()
    finally:
        client.close()
        space.release(remote.name)


class _Transfer:
    """The attempts at one file."""

    def __init__(
        self,
        remote: Remote,
        partial: Partial,
        client: Client,
        conditions: Conditions,
        space: Space,
        watch: Watch,
    ) -> None:
        self._remote = remote
        self._partial = partial
        self._client = client
        self._conditions = conditions
        self._space = space
        self._watch = watch
        self._digests = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
        if not (remote.digest or "").startswith("sha256"):
            del self._digests["sha256"]
        self._server_md5: str | None = None

    def run(self) -> Received:
        """Try until the file is complete, verified and named."""
        resumed = self._digest_what_is_there()
        furthest, fruitless, restarted = self._partial.size, 0, False
        while True:
            if self._watch.stop.is_set():
                raise Interrupted
            try:
                self._attempt()
            except Lost as lost:
                self._partial.sync()
                has_progress = self._partial.size > furthest and not lost.slow
                fruitless = 0 if has_progress else fruitless + 1
                furthest = max(furthest, self._partial.size)
                if fruitless > self._conditions.retries:
                    raise self._given_up(lost) from lost
                self._wait(lost, fruitless)
                resumed = self._partial.size > 0
                continue
            except OutputError:
                self._partial.sync()
                raise
            wrong = self._what_is_wrong()
            if wrong is None:
                break
            self._partial.drop()
            if not resumed or restarted:
                raise SourceError(self._remote.url, f"{wrong}; the download was deleted")
            # The beginning and the rest may come from two files: once more, in one piece.
            self._watch.notice(
                f"{self._remote.url}: {wrong}; downloading it again from the beginning"
            )
            resumed, restarted = False, True
            self._reset_digests()
        self._partial.publish()
        return Received(self._partial.size, self._digests["md5"].hexdigest())

    def _attempt(self) -> None:
        """Make one request, and read the response to its end."""
        partial, known = self._partial, self._remote
        if partial.size and partial.size == partial.total:
            return
        can_resume = partial.size > 0 and (partial.validator or known.digest)
        start = partial.size if can_resume else 0
        with self._client.get(known.url, start, partial.validator if start else None) as answer:
            if answer.past_end:
                if answer.total == partial.size:
                    return
                self._restart(None, None)
                raise Lost("the server has no data after those of the earlier download")
            continues = start > 0 and self._continues(answer)
            total = answer.total or known.size
            if not continues:
                self._check_total(answer)
            done = partial.size if continues else 0
            self._space.claim(known.name, (total or done) - done)
            self._server_md5 = answer.md5
            # The earlier bytes are dropped only for a file that begins correctly: a server under
            # maintenance answers every request with a page.
            head = b"" if continues else self._beginning(answer)
            if not continues:
                self._restart(answer.validator, answer.total)
            self._take(answer, head, total)

    def _continues(self, answer: Answer) -> bool:
        """Return whether a response continues the bytes that are on disk."""
        partial = self._partial
        if answer.start != partial.size:
            self._watch.notice(
                f"{self._remote.url}: the file changed, or the server cannot resume; downloading "
                "it again from the beginning"
            )
            return False
        same = partial.total in {None, answer.total} and (
            answer.validator is None or partial.validator in {None, answer.validator}
        )
        if not same:
            # Its ranges cannot be combined with the earlier ones: request the complete file.
            self._restart(None, None)
            raise Lost("the file on the server changed during the download")
        return True

    def _check_total(self, answer: Answer) -> None:
        expected = self._remote.size
        is_page = "html" in answer.content_type.lower()
        if expected is not None and answer.total not in {None, expected} and not is_page:
            raise SourceError(
                self._remote.url,
                f"has {answer.total:,} bytes; expected {expected:,}: the file was replaced",
            )

    def _beginning(self, answer: Answer) -> bytes:
        head = b""
        while len(head) < _MAGIC_BYTES and (data := answer.read(_READ_BYTES)):
            head += data
        look_at_beginning(self._remote.url, head, answer.content_type)
        return head

    def _take(self, answer: Answer, head: bytes, total: int | None) -> None:
        partial = self._partial
        self._watch.advanced(partial.size, total)
        began, size_then = time.monotonic(), partial.size
        data = head or answer.read(_READ_BYTES)
        while data and not self._watch.stop.is_set():
            partial.append(data)
            for digest in self._digests.values():
                digest.update(data)
            self._watch.advanced(partial.size, total)
            elapsed = time.monotonic() - began
            # A server that sends a byte now and then never times out: require a rate.
            if elapsed > self._conditions.timeout:
                if partial.size - size_then < LEAST_RATE * elapsed:
                    received = f"{partial.size - size_then:,} bytes in {elapsed:.0f} s"
                    raise Lost(f"the server sends too slowly ({received})", slow=True)
                began, size_then = time.monotonic(), partial.size
            data = answer.read(_READ_BYTES)
        if self._watch.stop.is_set():
            partial.sync()
            raise Interrupted
        if total is not None and partial.size < total:
            raise Lost(f"the connection ended after {partial.size:,} of {total:,} bytes")

    def _what_is_wrong(self) -> str | None:
        """Return how the complete file differs from the expected one, or None."""
        remote, size = self._remote, self._partial.size
        if remote.size is not None and size != remote.size:
            return f"sent {size:,} bytes; expected {remote.size:,}"
        stated = f"md5:{self._server_md5}" if self._server_md5 else None
        for expected, who in ((remote.digest, "published"), (stated, "stated by the server")):
            if expected is None:
                continue
            kind, _, digits = expected.partition(":")
            digest = self._digests[kind].hexdigest()
            if digest != digits:
                return f"sent a file with the {kind} {digest}; expected {digits}, as {who}"
        self._partial.let_read()
        return look_at_whole(self._partial.path)

    def _digest_what_is_there(self) -> bool:
        for data in self._partial.chunks():
            if self._watch.stop.is_set():
                raise Interrupted
            for digest in self._digests.values():
                digest.update(data)
        return self._partial.size > 0

    def _restart(self, validator: str | None, total: int | None) -> None:
        self._partial.begin(self._remote.url, validator, total)
        self._reset_digests()

    def _reset_digests(self) -> None:
        for kind in self._digests:
            self._digests[kind] = hashlib.new(kind, usedforsecurity=False)

    def _wait(self, lost: Lost, fruitless: int) -> None:
        requested = lost.wait or 0.0
        if requested > _LONGEST_WAIT:
            raise ServiceError(
                f"{self._remote.url}: {lost} and requests a wait of {requested:.0f} s; run "
                "the same command again later to resume"
            )
        usual = self._conditions.backoff * 2.0 ** max(0, fruitless - 1)
        # Jitter: many clients must not try again at the same time.
        seconds = max(requested, min(60.0, usual) * random.uniform(0.8, 1.2))  # noqa: S311
        self._watch.notice(f"{self._remote.url}: {lost}; next attempt in {seconds:.0f} s")
        self._watch.stop.wait(seconds)

    def _given_up(self, lost: Lost) -> ServiceError:
        attempts = self._conditions.retries + 1
        word = "attempt" if attempts == 1 else "attempts"
        remark = f"; {self._partial.size:,} bytes are kept" if self._partial.size else ""
        return ServiceError(
            f"{self._remote.url}: no progress in {attempts} {word} ({lost}){remark}. Run the same "
            f"command again later to resume, or use another address with --{self._remote.name}"
        )
