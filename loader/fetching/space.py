"""Room on the disk, shared by the transfers that fill it."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

from loader.errors import OutputError
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
            If they do not fit beside the claims of the others. Those shrink only when they are
            renewed, so that the check errs on the careful side.
        """
        with self._lock:
            free = shutil.disk_usage(self._folder).free
            others = sum(claimed for other, claimed in self._claims.items() if other != name)
            if size + others > free:
                beside = f" beside {human_bytes(others)} for other files" if others else ""
                raise OutputError(
                    f"{self._folder}: {name} needs {human_bytes(size)} more{beside}, and only "
                    f"{human_bytes(free)} are free; free some space, or choose another --raw"
                )
            self._claims[name] = size

    def release(self, name: str) -> None:
        """Give up a claim."""
        with self._lock:
            self._claims.pop(name, None)
