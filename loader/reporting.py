"""What a running build tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Progress", "Reporter", "Silent"]


@dataclass(frozen=True)
class Progress:
    """How far the loading is.

    Attributes
    ----------
    table : str
        The table being loaded.
    year : int
        The last year that is done.
    rows : int
        Rows done, of all tables.
    share : float
        Share of the values to read that is done, 0 to 1.
    """

    table: str
    year: int
    rows: int
    share: float


class Reporter(Protocol):
    """Receives what happens; called from one thread."""

    def notice(self, text: str) -> None:
        """Take something that the user should know, in a sentence."""

    def detail(self, text: str) -> None:
        """Take something that only a curious user wants to know."""

    def progress(self, state: Progress) -> None:
        """Take how far the loading is."""

    def finished(self) -> None:
        """Take that the loading ended, well or not."""


class Silent:
    """A reporter for callers who do not watch."""

    def notice(self, text: str) -> None:
        """Ignore it."""

    def detail(self, text: str) -> None:
        """Ignore it."""

    def progress(self, state: Progress) -> None:
        """Ignore it."""

    def finished(self) -> None:
        """Ignore it."""
