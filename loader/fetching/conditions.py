"""Retries and time limits of a download, its listener, and its result."""

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
    """The download was stopped; its bytes so far are kept."""


@dataclass(frozen=True)
class Conditions:
    """Retries and time limits of a download.

    Attributes
    ----------
    retries : int
        Number of consecutive attempts that may bring no data.
    backoff : float
        Seconds before the second attempt; doubles each time.
    timeout : float
        Seconds without data after which a connection counts as lost. It also counts as lost if
        fewer than `LEAST_RATE` bytes a second came during so many seconds.
    ca_bundle : str, optional
        Certificates to trust in addition to the usual ones.
    """

    retries: int = 5
    backoff: float = 1.0
    timeout: float = 60.0
    ca_bundle: str | None = None


@dataclass(frozen=True)
class Watch:
    """The listener of a download.

    Attributes
    ----------
    stop : threading.Event
        Set to stop the download soon.
    advanced : callable
        Receives the number of bytes so far and in total (None if unknown).
    notice : callable
        Receives a sentence on each interruption and restart.
    """

    stop: threading.Event
    advanced: Callable[[int, int | None], None]
    notice: Callable[[str], None]


@dataclass(frozen=True)
class Received:
    """A downloaded file under its final name: its size in bytes, and its MD5."""

    size: int
    md5: str
