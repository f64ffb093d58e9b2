"""The digests of all published files, in a file that `sha256sum -c` reads.

`parquet/SHA256SUMS` has a line for luc.duckdb and one for every file of the Parquet dataset; their
names are relative to the output folder. A program that opens the database for writing may change
its bytes without changing its content. A comment therefore has a second digest, of the header of
the file, which DuckDB rewrites whenever it changes anything.
"""

from __future__ import annotations

import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.files import open_regular, write_file
from loader.storing.paths import DATABASE, PARQUET
from loader.storing.stage import refused

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SUMS", "Sums", "file_digest", "header_digest", "read_sums", "write_sums"]

SUMS = "SHA256SUMS"
"""In the folder of the Parquet dataset, next to the folders of the tables."""

_HEADER_BYTES = 3 * 4096
"""DuckDB's main header and its two alternating headers; blocks follow."""

_HEADER = "# header of luc.duckdb: "
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_THREADS = 2


@dataclass(frozen=True)
class Sums:
    """The digests of the published files.

    Attributes
    ----------
    database : str
        SHA-256 of luc.duckdb, hexadecimal.
    header : str
        SHA-256 of its header.
    files : dict of str to str
        SHA-256 of every file of the Parquet dataset but this one, by its name in the dataset.
    """

    database: str
    header: str
    files: dict[str, str]


def write_sums(folder: Path) -> None:
    """Write the digests of a finished database and its dataset.

    Parameters
    ----------
    folder : pathlib.Path
        Has luc.duckdb and parquet/, complete.

    Raises
    ------
    OutputError
        If a file cannot be read or written.
    """
    parquet = folder / PARQUET
    with refused(folder):
        names = sorted(
            path.relative_to(folder).as_posix()
            for path in parquet.rglob("*")
            if path.is_file() and path != parquet / SUMS
        )
        names.insert(0, DATABASE)
        with ThreadPoolExecutor(_THREADS) as threads:
            digests = list(threads.map(lambda name: file_digest(folder / name), names))
        lines = [f"{digest}  {name}" for digest, name in zip(digests, names, strict=True)]
        lines.insert(0, _HEADER + header_digest(folder / DATABASE))
        write_file(parquet / SUMS, "".join(f"{line}\n" for line in lines).encode())


def read_sums(text: str) -> Sums:
    """Read what `write_sums` wrote.

    Raises
    ------
    ValueError
        If a line is not what `write_sums` writes, or luc.duckdb is not among them.
    """
    first, *lines = text.splitlines() or [""]
    header = first.removeprefix(_HEADER)
    if not re.fullmatch(r"[0-9a-f]{64}", header):
        raise ValueError("line 1 is damaged")
    digests: dict[str, str] = {}
    for number, line in enumerate(lines, 2):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in digests:
            raise ValueError(f"line {number} is damaged")
        digests[match[2]] = match[1]
    if DATABASE not in digests:
        raise ValueError(f"{DATABASE} is not in it")
    database = digests.pop(DATABASE)
    if not all(name.startswith(f"{PARQUET}/") for name in digests):
        raise ValueError(f"it names files outside {PARQUET}/")
    return Sums(database, header, {n.removeprefix(f"{PARQUET}/"): d for n, d in digests.items()})


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    Raises
    ------
    OSError
        If it cannot be read, or is not a regular file.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def header_digest(path: Path) -> str:
    """Return the SHA-256 of the header of a DuckDB file, hexadecimal.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.sha256(file.read(_HEADER_BYTES)).hexdigest()
