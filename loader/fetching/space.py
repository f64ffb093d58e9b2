"""Free space on the disk, shared by the downloads that fill it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from loader.folders import require_space
from loader.text import human_bytes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Space"]


class Space:
    """Claims on the free space of a folder's file system.

    Parameters
    ----------
    folder : pathlib.Path
        Must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._claims: dict[str, int] = {}
        self._lock = threading.Lock()

    def claim(self, name: str, size: int) -> None:
        """Claim `size` bytes that are still to be written for `name`, in place of its last claim.

        Raises
        ------
        OutputError
            If they do not fit in addition to the claims of the others. Those shrink only when they
            are renewed, so that the check errs on the careful side.
        """
        with self._lock:
            others = sum(claimed for other, claimed in self._claims.items() if other != name)
            purpose = f"{name}, with {human_bytes(others)} for other files," if others else name
            require_space(self._folder, size + others, purpose, "choose another --out")
            self._claims[name] = size

    def release(self, name: str) -> None:
        """Give up a claim."""
        with self._lock:
            self._claims.pop(name, None)
