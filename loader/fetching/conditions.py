"""How patient a transfer is, who watches it, and what it ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

__all__ = ["LEAST_RATE", "Conditions", "Interrupted", "Received", "Watch"]

LEAST_RATE = 1_000
"""Bytes a second. At this rate the states would take eleven weeks."""


class Interrupted(Exception):  # noqa: N818  # no error: somebody asked for it
    """The transfer was told to stop; what it has is kept."""


@dataclass(frozen=True)
class Conditions:
    """How patient a transfer is.

    Attributes
    ----------
    retries : int
        Attempts in a row that may bring nothing new.
    backoff : float
        Seconds before the second of them; doubles each time.
    timeout : float
        Seconds without data after which a connection counts as lost. It also counts as lost if
        fewer than `LEAST_RATE` bytes a second came during so many seconds.
    ca_bundle : str, optional
        Certificates to trust beside the usual ones.
    """

    retries: int = 5
    backoff: float = 1.0
    timeout: float = 60.0
    ca_bundle: str | None = None


@dataclass(frozen=True)
class Watch:
    """Who watches a transfer.

    Attributes
    ----------
    stop : threading.Event
        Set to end soon.
    advanced : callable
        Told how many bytes there are, and of how many, None if unknown.
    noticed : callable
        Told of cuts and new beginnings, in a sentence.
    """

    stop: threading.Event
    advanced: Callable[[int, int | None], None]
    noticed: Callable[[str], None]


@dataclass(frozen=True)
class Received:
    """A file that has its final name: its size in bytes, and its MD5."""

    size: int
    md5: str
