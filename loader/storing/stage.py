"""The private folder of a build in progress, and the files that survive an interruption.

::

    OUT/luc.duckdb, OUT/parquet/          published
    OUT/.luc-load/lock                    held by the running build
    OUT/.luc-load/stage/record.json       which build this is
    OUT/.luc-load/stage/manifest.jsonl    the parts that are complete on disk
    OUT/.luc-load/stage/cells/            known contents of cells, by table
    OUT/.luc-load/stage/parquet/          the parts
    OUT/.luc-load/stage/luc.duckdb        never resumed: rebuilt from the parts
    OUT/.luc-load/stage/complete          exists once the build is ready to publish
    OUT/.luc-load/discarded/              a stage that is being removed
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.errors import OutputError
from loader.files import is_temporary, open_regular, read_small, sync_folder, write_file
from loader.folders import remove
from loader.names import inside
from loader.storing.paths import DATABASE, DISCARDED, PARQUET, STAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from loader.reading.plan import Block

__all__ = ["Stage", "StoredPart", "refused"]


_MARK = "mark"
_MARK_TEXT = re.compile(r"-[0-9a-f]{8}")


@dataclass(frozen=True)
class StoredPart:
    """The manifest entry of a part: its size in bytes, and the digest of its rows."""

    size: int
    rows_of_year: dict[int, int]
    content: int


class Stage:
    """The staging folder of one output.

    Parameters
    ----------
    work : pathlib.Path
        OUT/.luc-load, which exists and is locked by this process.
    """

    def __init__(self, work: Path) -> None:
        self.folder = work / STAGE
        self.database = self.folder / DATABASE
        self.parquet = self.folder / PARQUET
        self.discarded = work / DISCARDED
        self._record = self.folder / "record.json"
        self._manifest = self.folder / "manifest.jsonl"
        self._complete = self.folder / "complete"
        self._cells = self.folder / "cells"
        self._known_cells: dict[str, int] = {}

    def record(self) -> dict[str, Any] | None:
        """Return the record of the unpublished build, or None if there is none."""
        try:
            record = json.loads(read_small(self._record))
        except (OSError, ValueError, RecursionError):
            return None
        return record if isinstance(record, dict) else None

    @property
    def is_complete(self) -> bool:
        """Whether the build is finished and ready to publish."""
        return self._complete.exists()

    def begin(self, record: dict[str, Any], *, marked: bool = False) -> None:
        """Start an empty stage for a build.

        Parameters
        ----------
        record : dict
            Identity of the build.
        marked : bool
            Whether the names of the parts must be unique to this build.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        with refused(self.folder):
            self.discard()
            self._cells.mkdir(parents=True)
            self.parquet.mkdir()
            mark = {_MARK: f"-{secrets.token_hex(4)}"} if marked else {}
            self.write_record(record | mark)

    def write_record(self, record: dict[str, Any]) -> None:
        """Write the record of the build."""
        with refused(self._record):
            write_file(self._record, json.dumps(record).encode())

    @property
    def mark(self) -> str:
        """Suffix of the name of every part: "", or a unique text for a database of views.

        Views name the files that they read. While dataset and database are exchanged, or after a
        kill in between, the views of one build must fail rather than read parts of the other.
        """
        mark = str((self.record() or {}).get(_MARK, ""))
        return mark if _MARK_TEXT.fullmatch(mark) else ""

    def drop_database(self) -> None:
        """Remove an unfinished database: it is never trusted after an interruption."""
        with refused(self.folder):
            # Includes a finished one, if its build is to be published elsewhere.
            self._complete.unlink(missing_ok=True)
            for path in self.folder.glob("luc.duckdb*"):
                remove(path)

    def part_path(self, block: Block) -> Path:
        """Return the path of the part of a block, and create its folder."""
        folder = self.parquet / block.table
        with refused(folder):
            folder.mkdir(exist_ok=True)
        return self.named_part(f"{block.table}/{block.name}")

    def named_part(self, name: str) -> Path:
        """Return the path of a part; `name` is "TABLE/BLOCK".

        Raises
        ------
        ValueError
            If the name, which may come from a damaged manifest, is outside the dataset.
        """
        return inside(self.parquet, f"{name}{self.mark}.parquet")

    def keep_only(self, table: str, blocks: Iterable[Block]) -> None:
        """Remove the files of a table that belong to none of its blocks.

        Readers of the dataset read every file. Parts of a build that divided the table into other
        blocks, for example because of another `--memory-limit`, would duplicate rows.
        """
        wanted = {self.part_path(block) for block in blocks}
        folder = self.parquet / table
        with refused(folder):
            for path in folder.iterdir() if folder.is_dir() else ():
                if path not in wanted:
                    path.unlink()

    def parts(self) -> dict[str, StoredPart]:
        """Return the parts that are complete on disk, by "TABLE/BLOCK"."""
        parts: dict[str, StoredPart] = {}
        try:
            lines = read_small(self._manifest).splitlines()
        except OSError:
            return parts
        for line in lines:
            try:
                entry = json.loads(line)
                years = {int(year): int(rows) for year, rows in entry["rows_of_year"].items()}
                part = StoredPart(int(entry["size"]), years, int(entry["content"]))
                path = self.named_part(entry["part"])
                if path.stat().st_size == part.size:
                    parts[entry["part"]] = part
            except (
                ValueError,
                LookupError,
                TypeError,
                AttributeError,
                OverflowError,
                RecursionError,
                OSError,
            ):
                # A truncated or damaged line, or a missing part: the part is made again.
                continue
        return parts

    def keep_part(self, block: Block, part: StoredPart, has_value: npt.NDArray[np.bool_]) -> None:
        """Record in the manifest that a part is complete on disk.

        Parameters
        ----------
        block : Block
        part : StoredPart
        has_value : ndarray of bool, shape (n_cells,)
            Cells of the table known to have a value. Written before the manifest entry, because a
            resumed build cannot derive them from the parts alone.
        """
        known = int(np.count_nonzero(has_value))
        if known != self._known_cells.get(block.table):
            self.keep_cells(block.table, has_value)
            self._known_cells[block.table] = known
        entry = {
            "part": f"{block.table}/{block.name}",
            "size": part.size,
            "rows_of_year": part.rows_of_year,
            "content": part.content,
        }
        with refused(self._manifest):
            sync_folder(self.parquet / block.table)
            handle = open_regular(
                self._manifest, os.O_RDWR | os.O_CREAT | os.O_APPEND, follow=False
            )
            with os.fdopen(handle, "ab+") as file:
                if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                    # The last line is truncated: start a new one.
                    file.write(b"\n")
                file.write(json.dumps(entry).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def keep_cells(self, name: str, cells: npt.NDArray[np.bool_]) -> None:
        """Store flags of cells: an array of bool, shape (n_cells,)."""
        bits = np.packbits(cells).tobytes()
        with refused(self._cells):
            write_file(self._cells / f"{name}.bits", hashlib.sha256(bits).digest() + bits)

    def kept_cells(self, name: str, count: int) -> npt.NDArray[np.bool_] | None:
        """Return the flags that `keep_cells` stored, or None if missing or damaged."""
        try:
            data = read_small(self._cells / f"{name}.bits", 32 + count)
        except OSError:
            return None
        digest, bits = data[:32], data[32:]
        if len(bits) != -(-count // 8) or hashlib.sha256(bits).digest() != digest:
            return None
        return np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=count).astype(np.bool_)

    def complete(self) -> None:
        """Mark the build as finished and verified."""
        with refused(self._complete):
            write_file(self._complete, b"")

    def discard(self) -> None:
        """Remove the stage."""
        if self.folder.exists():
            self.sweep()
            # Renamed first, in one step: a partly removed stage must not be used.
            self.folder.rename(self.discarded)
        self.sweep()

    def sweep(self) -> None:
        """Remove what a killed process left: a partly removed stage, and temporary files.

        Temporary files have random names, so a later run does not replace them, and those in a
        folder of the dataset would be published.
        """
        if self.discarded.exists():
            remove(self.discarded)
        for path in [path for path in self.folder.rglob(".*.tmp") if is_temporary(path.name)]:
            remove(path)


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Turn an OSError into an OutputError that names the file.

    Raises
    ------
    OutputError
        Instead of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); free some space, or choose "
            "another --out, and run the same command again"
        ) from error
