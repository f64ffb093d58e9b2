"""The files of a published dataset, in a folder or in a store.

A folder may come from anyone: opening a pipe in it would block, and a link may lead anywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from loader.files import open_regular, read_small
from loader.remote.stores import store_of
from loader.storing.datapackage import DATA_PACKAGE
from loader.storing.dataset import BUILD_RECORD
from loader.storing.sums import SUMS, Sums, read_sums

__all__ = ["FolderDataset", "PublishedDataset", "StoreDataset", "stream_digest"]

_PIECE = 8 * 2**20
_LARGEST_SUMS = 64 * 2**20


class PublishedDataset(ABC):
    """The files of a dataset by their names, which are relative and have slashes."""

    place: str
    """Where it is, for messages."""

    @abstractmethod
    def names(self) -> frozenset[str]:
        """Return the names of all files, whatever their kind."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Open a file for reading.

        Raises
        ------
        OSError
            If it cannot be read, or is not a regular file.
        """

    @abstractmethod
    def read_small(self, name: str) -> bytes:
        """Return the content of a small file.

        Raises
        ------
        OSError
            If it cannot be read, is not a regular file, or is large.
        """

    @cached_property
    def sums(self) -> Sums:
        """The digests of all published files.

        Raises
        ------
        ValueError
            If they are missing or damaged.
        """
        try:
            return read_sums(self.read_small(SUMS).decode("ascii"))
        except FileNotFoundError as error:
            raise ValueError(f"{self.place}/{SUMS} is missing") from error
        except (OSError, ValueError) as error:
            raise ValueError(f"{self.place}/{SUMS} cannot be read: {error}") from error

    def record(self) -> dict[str, Any] | None:
        """Return the record of the build, with its id, or None if luc-load did not write it."""
        try:
            record = json.loads(self.read_small(BUILD_RECORD))
        except (OSError, ValueError, RecursionError):
            return None
        return record if isinstance(record, dict) and "build_id" in record else None

    def descriptor(self) -> object:
        """Return the descriptor of the data package, or None if it cannot be read."""
        try:
            return json.loads(self.read_small(DATA_PACKAGE))
        except (OSError, ValueError, RecursionError):
            return None


class FolderDataset(PublishedDataset):
    """A dataset in a local folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = str(folder)

    def names(self) -> frozenset[str]:
        """See `PublishedDataset.names`; links to folders are files here."""
        file_names = set()
        for name, folders, files in os.walk(self._folder):
            folder = Path(name)
            links = [name for name in folders if (folder / name).is_symlink()]
            for each in (*files, *links):
                file_names.add((folder / each).relative_to(self._folder).as_posix())
        return frozenset(file_names)

    def open(self, name: str) -> BinaryIO:
        """See `PublishedDataset.open`."""
        return os.fdopen(open_regular(self._folder / name), "rb")

    def read_small(self, name: str) -> bytes:
        """See `PublishedDataset.read_small`."""
        return read_small(self._folder / name)


class StoreDataset(PublishedDataset):
    """A dataset in an object store; the errors of the store's library pass through."""

    def __init__(self, address: str) -> None:
        self.place = address
        store = store_of(address)
        self._fs = store.fs
        self._root = store.path.rstrip("/")

    def names(self) -> frozenset[str]:
        """See `PublishedDataset.names`."""
        start = f"{self._root}/"
        return frozenset(path.removeprefix(start) for path in self._fs.find(self._root))

    def open(self, name: str) -> BinaryIO:
        """See `PublishedDataset.open`."""
        file: BinaryIO = self._fs.open(f"{self._root}/{name}", "rb")
        return file

    def read_small(self, name: str) -> bytes:
        """See `PublishedDataset.read_small`."""
        with self.open(name) as file:
            data = file.read(_LARGEST_SUMS + 1)
        if len(data) > _LARGEST_SUMS:
            raise OSError(f"{name} is larger than it can be")
        return data


def stream_digest(file: BinaryIO) -> str:
    """Return the SHA-256 of the rest of a file, hexadecimal."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
