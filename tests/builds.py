"""Builds in tests: where they can crash, how long their blocks are, and what they report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from loader.options import Options
from loader.reporting import Silent

CRASH_POINTS = {
    "opening a source": "loader.building.run.open_sources",
    "writing a part": "loader.building.parts.write_part",
    "inserting": "loader.storing.database.DatabaseLane.insert",
    "committing": "loader.storing.database.DatabaseLane.commit",
    "noting a part": "loader.storing.stage.Stage.keep_part",
    "finishing the database": "loader.storing.database.StagedDatabase.finish",
    "reading back": "loader.building.verify.digest_of_table",
    "completing the dataset": "loader.building.verify.complete_dataset",
    "publishing": "loader.building.dataset_place.publish",
    "uploading a file": "loader.remote.files.StoredFiles.put",
    "writing the manifest": "loader.remote.files.StoredFiles.write",
    "beginning an upload": "loader.storing.uploads.Uploads.begin",
    "ending an upload": "loader.storing.uploads.Uploads.end",
}
"""The steps of a build, and the function that each of them calls first."""


class Crash(BaseException):  # stands for a kill, which nothing may catch
    """The end of a process, in a test."""


class Notices(Silent):
    """Collects the notices."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


@contextmanager
def crash(point: str, after: int = 0, error: BaseException | None = None) -> Iterator[None]:
    """Let every build in the block end at a step, after it was taken `after` times.

    The block itself must end there, by a `Crash` or by the given error.
    """
    expected = Crash() if error is None else error
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, point, after, expected)
        with pytest.raises(type(expected)):
            yield


def fail(
    patch: pytest.MonkeyPatch, point: str, after: int = 0, error: BaseException | None = None
) -> None:
    """Raise, at a step, once it was taken `after` times."""
    holder, name = resolve(point)
    real = getattr(holder, name)
    calls = count()

    def failing(*args: Any, **named: Any) -> Any:  # noqa: ANN401  # whatever the step takes
        if next(calls) >= after:
            raise Crash if error is None else error
        return real(*args, **named)

    patch.setattr(holder, name, failing)


def before(patch: pytest.MonkeyPatch, point: str, action: Any) -> None:  # noqa: ANN401  # any callable
    """Do something whenever a step is taken."""
    holder, name = resolve(point)
    real = getattr(holder, name)

    def preceded(*args: Any, **named: Any) -> Any:  # noqa: ANN401  # whatever the step takes
        action()
        return real(*args, **named)

    patch.setattr(holder, name, preceded)


def resolve(point: str) -> tuple[Any, str]:
    """Return the module or class that has the function of a step, and the function's name."""
    path, _, name = CRASH_POINTS[point].rpartition(".")
    try:
        return import_module(path), name
    except ModuleNotFoundError:
        module, _, kind = path.rpartition(".")
        return getattr(import_module(module), kind), name


def limit_blocks(patch: pytest.MonkeyPatch, years: int) -> None:
    """Cut all sources into blocks of so many years at most, so that there are several."""
    patch.setattr(Options, "block_years", years)


def stored_content(out: Path) -> dict[str, Any]:
    """Every table of the database in its order of storage, and the bytes of every part."""
    found: dict[str, Any] = {}
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        for schema, table in con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE table_name <> 'build' ORDER BY ALL"
        ).fetchall():
            arrays = con.sql(f'SELECT * FROM "{schema}"."{table}"').fetchnumpy()
            found[table] = {name: _comparable(array) for name, array in arrays.items()}
    for part in sorted((out / "parquet").rglob("*.parquet")):
        found[str(part.relative_to(out))] = part.read_bytes()
    return found


def _comparable(array: Any) -> Any:  # noqa: ANN401  # NumPy's, masked or not
    mask = np.ma.getmaskarray(array).tolist()
    filled = np.ma.filled(array, 0) if array.dtype.kind in "fiub" else array
    return mask, filled.tobytes() if array.dtype.kind in "fiub" else filled.tolist()
