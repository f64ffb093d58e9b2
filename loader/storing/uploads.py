"""Which uploads were begun from an output and did not end: `.luc-load/uploads.json`.

It outlives the stage, so that what a build left in a store is still known when the build itself was
dropped for another.
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
    """A build whose dataset was to be published at an address."""

    address: str
    build_id: str

    def text(self) -> str:
        """Return it for people, in a sentence."""
        return (
            f"An upload of build {self.build_id} to {self.address} did not end: its command goes "
            "on with it; luc-load clean removes it."
        )


class Uploads:
    """The uploads that did not end.

    Parameters
    ----------
    work : pathlib.Path
        OUT/.luc-load; locked by this process, unless only `unfinished` is called.
    """

    def __init__(self, work: Path) -> None:
        self._path = work / "uploads.json"

    def unfinished(self) -> tuple[Upload, ...]:
        """Return those that were begun and did not end; none where the record is damaged."""
        try:
            records = json.loads(read_small(self._path))
            return tuple(
                Upload(str(record["address"]), checked_name(record["build_id"]))
                for record in records
            )
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return ()

    def begin(self, upload: Upload) -> None:
        """Note that an upload begins.

        Raises
        ------
        OutputError
            If the disk refuses.
        """
        self._write({*self.unfinished(), upload})

    def end(self, *uploads: Upload) -> None:
        """Forget uploads.

        Raises
        ------
        OutputError
            If the disk refuses.
        """
        self._write(set(self.unfinished()) - set(uploads))

    def _write(self, uploads: set[Upload]) -> None:
        with refused(self._path):
            if uploads:
                plain = [asdict(one) for one in sorted(uploads, key=lambda u: u.build_id)]
                write_file(self._path, json.dumps(plain).encode())
            else:
                self._path.unlink(missing_ok=True)
