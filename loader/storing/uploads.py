"""The incomplete uploads of an output, recorded in `.luc-load/uploads.json`.

The record outlives the stage, so that files in a store can still be removed after the build that
uploaded them was dropped for another one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from loader.files import read_small, write_file
from loader.names import checked_name
from loader.storing.stage import refused

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Upload", "Uploads"]


@dataclass(frozen=True)
class Upload:
    """The upload of the dataset of a build to an address."""

    address: str
    build_id: str

    def text(self) -> str:
        """Return a description in one sentence."""
        return (
            f"An upload of build {self.build_id} to {self.address} is incomplete: run its command "
            "again to resume it, or luc-load clean to remove it."
        )


class Uploads:
    """The incomplete uploads of an output.

    Parameters
    ----------
    work : pathlib.Path
        OUT/.luc-load; locked by this process, unless only `unfinished` is called.
    """

    def __init__(self, work: Path) -> None:
        self._path = work / "uploads.json"

    def unfinished(self) -> tuple[Upload, ...]:
        """Return the incomplete uploads; empty if the record is damaged."""
        try:
            records = json.loads(read_small(self._path))
            return tuple(
                Upload(str(record["address"]), checked_name(record["build_id"]))
                for record in records
            )
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return ()

    def begin(self, upload: Upload) -> None:
        """Record that an upload begins.

        Raises
        ------
        OutputError
            If the record cannot be written.
        """
        self._write({*self.unfinished(), upload})

    def end(self, *uploads: Upload) -> None:
        """Remove complete uploads from the record.

        Raises
        ------
        OutputError
            If the record cannot be written.
        """
        self._write(set(self.unfinished()) - set(uploads))

    def _write(self, uploads: set[Upload]) -> None:
        with refused(self._path):
            if uploads:
                plain = [asdict(one) for one in sorted(uploads, key=lambda u: u.build_id)]
                write_file(self._path, json.dumps(plain).encode())
            else:
                self._path.unlink(missing_ok=True)
