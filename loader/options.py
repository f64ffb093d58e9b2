"""The options of a build, parsed and checked once, and those that determine its result."""

from __future__ import annotations

import json
import operator
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, get_args

from loader.box import Box, parse_box
from loader.errors import UsageError
from loader.memory import available_memory
from loader.regions.files import RegionFile
from loader.schema import MATERIALIZABLE
from loader.text import without_secrets
from loader.years import Years, take_years

__all__ = [
    "Cells",
    "Encoding",
    "Options",
    "Prefer",
    "Tables",
    "parse_size",
    "require_types",
]

Cells = Literal["data", "land", "all"]
Encoding = Literal["split", "plain"]
Prefer = Literal["first", "last"]
Tables = Literal["stored", "views"]

_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?\s*$", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z]+://\S+")
_FACTORS = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_TEXT: tuple[tuple[type, ...], str] = ((str,), "a string")
_PLACE: tuple[tuple[type, ...], str] = ((str, os.PathLike), "a path")
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("raw", "out", "parquet", "scratch"), _PLACE),
    **dict.fromkeys(("cells", "storage_version", "parquet_encoding", "tables", "scheduler"), _TEXT),
    "prefer": _TEXT,
    "bbox": ((str, Iterable), "a string such as -10,35,30,60, or four numbers"),
    "workers": ((Integral,), "an integer"),
    "memory_limit": ((str, Integral), "a number of bytes, or a string such as 1GiB"),
    "storage_options": ((str, Mapping), "a mapping, or JSON of one"),
    "materialize": ((str, Iterable), "the name of a view, or several names"),
}
"""The types that `build` accepts for each option, and their description."""

_OPTIONAL = frozenset(_TYPES) - {"out", "cells", "storage_version", "parquet_encoding", "tables"}
_INPUTS = ("years", "cells", "storage_version", "parquet_encoding", "parquet")
_BASE_MEMORY = 400 * 2**20
"""Memory of the libraries, of DuckDB, and of the arrays over the cells of the grid."""

_BLOCKS_A_LANE = 2
"""A lane holds the rows of a block, and as much again while they are encoded and inserted."""

_BLOCK_YEARS = 16
"""Longer blocks slow down maps of one year, and do not speed up series of one cell."""

_LEAST_MEMORY = 512 * 2**20
_MOST_MEMORY = 2**30


@dataclass(frozen=True)
class Options:
    """The options of a build, apart from its sources.

    Attributes
    ----------
    out : pathlib.Path
        The folder of luc.duckdb and parquet/.
    years : tuple of (int or None, int or None)
        First and last year, both inclusive.
    cells : {"data", "land", "all"}
        Which rows are stored.
    storage_version : str
        DuckDB's STORAGE_VERSION.
    parquet_encoding : {"split", "plain"}
        Encoding of the values in the Parquet files: BYTE_STREAM_SPLIT or PLAIN.
    tables : {"stored", "views"}
        Whether luc.duckdb stores the gridded rows, or has views that read the Parquet files.
    workers : int
        Requested number of lanes.
    memory_limit : int
        Upper limit of memory in bytes.
    scheduler : str or None
        Address of the dask.distributed scheduler whose workers read the sources.
    storage_options : mapping
        Options of fsspec for sources at addresses.
    parquet : str or None
        Address of the Parquet dataset; None if it is next to the database.
    regions : tuple of RegionFile
        Files of polygons; each is a separate layer of regions.
    materialize : tuple of str
        Views that are stored as tables.
    prefer : {"first", "last"} or None
        The file from which a year comes that several files of a source have; None if their values
        must be equal.
    box : Box or None
        The cells to load are those with their centres inside; None for the whole grid.
    """

    out: Path
    years: tuple[int | None, int | None]
    cells: Cells
    storage_version: str
    parquet_encoding: Encoding
    workers: int
    memory_limit: int
    tables: Tables = "stored"
    scheduler: str | None = None
    storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    parquet: str | None = None
    regions: tuple[RegionFile, ...] = ()
    materialize: tuple[str, ...] = ()
    prefer: Prefer | None = None
    box: Box | None = None

    @classmethod
    def parse(
        cls,
        *,
        out: str | os.PathLike[str],
        years: Years | None,
        cells: str,
        storage_version: str,
        parquet_encoding: str,
        workers: int | None,
        memory_limit: str | int | None,
        tables: str = "stored",
        scheduler: str | None = None,
        storage_options: Mapping[str, Any] | None = None,
        parquet: str | None = None,
        regions: Iterable[str | os.PathLike[str]] = (),
        materialize: str | Iterable[str] | None = None,
        prefer: str | None = None,
        bbox: str | Sequence[float] | None = None,
    ) -> Options:
        """Check options as given on the command line or in Python.

        Raises
        ------
        UsageError
            If an option is not valid.
        """
        if not re.fullmatch(r"v\d+\.\d+\.\d+|latest", storage_version):
            expected = "expected a DuckDB version such as v1.0.0"
            raise UsageError(f"--storage-version is {storage_version!r}; {expected}")
        if workers is not None and workers < 1:
            raise UsageError(f"--workers is {workers}; expected at least 1")
        try:
            limit = parse_size(memory_limit) if memory_limit is not None else _default_memory()
        except UsageError as error:
            raise UsageError(f"--memory-limit: {error}") from error
        if limit < _LEAST_MEMORY:
            raise UsageError(f"--memory-limit is {memory_limit}; expected at least 512 MiB")
        # What the workers of a cluster get must be found and sent.
        if scheduler is not None and not _ADDRESS.fullmatch(scheduler):
            expected = "expected the address of a dask scheduler, such as tcp://host:8786"
            raise UsageError(f"--scheduler is {scheduler!r}; {expected}")
        if scheduler is not None and not _is_json(storage_options or {}):
            expected = "expected only strings, numbers, and lists and mappings of them"
            raise UsageError(
                f"--storage-options has values that cannot be sent to cluster workers; {expected}"
            )
        for sign, name in (("?", "question mark"), ("\\", "backslash")):
            if sign in str(Path(out).absolute()):
                path = Path(out).absolute()
                raise UsageError(f"--out is '{path}'; DuckDB takes no path with a {name}")
        return cls(
            out=Path(out),
            years=(None, None) if years is None else take_years(years),
            cells=_one_of("--cells", cells, Cells),
            storage_version=storage_version,
            parquet_encoding=_one_of("--parquet-encoding", parquet_encoding, Encoding),
            workers=workers or os.cpu_count() or 1,
            memory_limit=limit,
            tables=_one_of("--tables", tables, Tables),
            scheduler=scheduler,
            storage_options=storage_options or {},
            parquet=parquet,
            regions=_region_files(regions),
            materialize=_views_to_store(materialize),
            prefer=None if prefer is None else _one_of("--prefer", prefer, Prefer),
            box=None if bbox is None else _box(bbox),
        )

    def inputs(self) -> dict[str, object]:
        """Return the options that determine the content of the result, ready for JSON."""
        inputs: dict[str, object] = {key: getattr(self, key) for key in _INPUTS}
        if self.parquet is not None:
            inputs["parquet"] = without_secrets(self.parquet)
        # Defaults are left out, so that builds of earlier versions keep their identity.
        if self.tables != "stored":
            inputs["tables"] = self.tables
        if self.materialize:
            inputs["materialize"] = list(self.materialize)
        if self.box:
            inputs["bbox"] = self.box.text()
        if self.prefer:
            inputs["prefer"] = self.prefer
        if self.regions:
            named = (f"{one.layer}:{one.name_field or ''}" for one in self.regions)
            inputs["regions"] = ", ".join(named)
        return inputs

    @property
    def block_bytes(self) -> int:
        """Memory of one block's rows; parts must not depend on the number of lanes."""
        return max(16 * 2**20, min(144 * 2**20, (self.memory_limit - _BASE_MEMORY) // 8))

    @property
    def block_years(self) -> int:
        """Maximum number of years of one block."""
        return _BLOCK_YEARS

    @property
    def lanes(self) -> int:
        """Number of threads that load blocks: as many as requested that fit in memory."""
        available = self.memory_limit - _BASE_MEMORY
        return max(1, min(self.workers, available // (_BLOCKS_A_LANE * self.block_bytes)))

    @property
    def largest_chunk(self) -> int:
        """Maximum size of one decompressed chunk of a source."""
        return self.memory_limit // 2

    @property
    def may_have_series(self) -> bool:
        """Whether emissions are stored as series too; they need a value in every row of eluc."""
        return self.tables == "stored" and self.cells != "all"

    @property
    def database_bytes(self) -> int:
        """Memory that DuckDB may use while loading."""
        return max(128 * 2**20, self.memory_limit // 8)


def require_types(**values: object) -> None:
    """Raise if an option of `build` has a wrong type.

    Parameters
    ----------
    **values : object
        Values by name; names that are not in `_TYPES` are ignored.

    Raises
    ------
    UsageError
        If a value has a wrong type.
    """
    for name, value in values.items():
        if name not in _TYPES:
            continue
        types, expected = _TYPES[name]
        is_flag = isinstance(value, bool)
        if value is not None and (is_flag or not isinstance(value, types)):
            kind = type(value).__name__
            raise UsageError(f"{name} is {value!r:.60}, of type {kind}; expected {expected}")
        if value is None and name not in _OPTIONAL:
            raise UsageError(f"{name} is None; expected {expected}")


def _is_json(options: Mapping[str, Any]) -> bool:
    try:
        json.dumps(dict(options), sort_keys=True)
    except (TypeError, ValueError):
        return False
    return True


def _views_to_store(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the named views in a fixed order."""
    wanted = {names} if isinstance(names, str) else set(names or ())
    if unknown := sorted(wanted - set(MATERIALIZABLE)):
        expected = f"expected one of {', '.join(MATERIALIZABLE)}"
        raise UsageError(f"--materialize is {', '.join(map(repr, unknown))}; {expected}")
    return tuple(name for name in MATERIALIZABLE if name in wanted)


def _one_of(option: str, value: str, kind: Any) -> Any:  # noqa: ANN401  # a Literal, and one of it
    choices = get_args(kind)
    if value not in choices:
        raise UsageError(f"{option} is {value!r}; expected one of {', '.join(choices)}")
    return value


def parse_size(size: str | int) -> int:
    """Parse a size in bytes, with an optional unit.

    Examples
    --------
    >>> parse_size("1.5GiB")
    1610612736

    Raises
    ------
    UsageError
        If it is not a valid size.
    """
    if not isinstance(size, str):
        return operator.index(size)
    match = _SIZE.match(size)
    if not match:
        raise UsageError(f"{size!r} is not a valid size; use a number and a unit, for example 2GiB")
    return int(float(match[1]) * _FACTORS[(match[2] or "B").lower()])


def _default_memory() -> int:
    available = available_memory()
    if available is None:
        return _MOST_MEMORY
    return max(_LEAST_MEMORY, min(_MOST_MEMORY, available // 2))


def _box(box: str | Sequence[float]) -> Box:
    text = box if isinstance(box, str) else ",".join(map(str, box))
    return parse_box(text)


def _region_files(paths: Iterable[str | os.PathLike[str]]) -> tuple[RegionFile, ...]:
    is_one = isinstance(paths, str | os.PathLike) or not isinstance(paths, Iterable)
    files = []
    for path in [paths] if is_one else paths:
        if not isinstance(path, str | os.PathLike):
            kind = type(path).__name__
            raise UsageError(f"regions is of type {kind}; expected a path, or several paths")
        files.append(RegionFile.parse(path))
    layers = [file.layer for file in files]
    for layer in layers:
        if layers.count(layer) > 1:
            raise UsageError(
                f"--regions: two files have a layer named {layer}; rename one of the files"
            )
    return tuple(files)
