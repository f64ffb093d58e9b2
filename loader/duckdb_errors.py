"""Errors of DuckDB and Arrow, as errors of luc-load in one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from loader.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["translated"]


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Name what failed.

    Parameters
    ----------
    what : str
        The beginning of the message, such as "table state: rows could not be inserted".

    Raises
    ------
    DatabaseError
        In place of any error of DuckDB or Arrow.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        # DuckDB's advice names settings that are not the user's to make.
        reason = str(error).splitlines()[0]
        remedy = "raise --memory-limit, or give this process more memory"
        raise DatabaseError(
            f"{what}: {reason}; {remedy}, and run the same command again"
        ) from error
    except (duckdb.Error, pa.ArrowException) as error:
        raise DatabaseError(f"{what}: {' '.join(str(error).split())}") from error
