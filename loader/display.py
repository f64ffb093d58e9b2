"""How a result shows itself: as text where it is printed, and in a notebook."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod

__all__ = ["Displayed"]


class Displayed(ABC):
    """A value that describes itself in lines of text, the same in a terminal and in a notebook."""

    __slots__ = ()

    @abstractmethod
    def text(self) -> str:
        """Return the description."""

    def __str__(self) -> str:
        """Return the description, for print()."""
        return self.text()

    def _repr_html_(self) -> str:
        """Return the description for a notebook; nothing in it acts as markup."""
        return f"<pre>{html.escape(self.text())}</pre>"
