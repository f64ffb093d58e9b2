"""How a result shows itself: as text where it is printed, and in a notebook."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from typing import Any

__all__ = ["Displayed"]


class Displayed(ABC):
    """A value that describes itself in lines of text, the same in a terminal and in a notebook."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Give a dataclass the method itself: IPython prefers its `__repr__` to a base's method."""
        super().__init_subclass__()
        cls._repr_pretty_ = Displayed._repr_pretty_  # type: ignore[method-assign]

    @abstractmethod
    def text(self) -> str:
        """Return the description."""

    def __str__(self) -> str:
        """Return the description, for print()."""
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ANN401, ARG002
        """Print the description in a terminal of IPython."""
        printer.text(self.text())

    def _repr_html_(self) -> str:
        """Return the description for a notebook; nothing in it acts as markup."""
        return f"<pre>{html.escape(self.text())}</pre>"
