"""Parse and validate the record of a build, which comes from its table `build` as JSON."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["parse_record"]

_TABLE = ("name", "rows", "first_year", "last_year", "years", "cells")


def parse_record(text: object) -> dict[str, Any]:
    """Parse the record of a build and check the fields that its readers use.

    Parameters
    ----------
    text : object
        The column `options` of the table `build`.

    Returns
    -------
    dict of str to object
        With `options` (years, cells, and where set: parquet, tables) and `tables`.

    Raises
    ------
    ValueError
        If the text is not a valid record.
    """
    try:
        record = json.loads(text) if isinstance(text, str) else None
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(record, dict) or not isinstance(record.get("options"), dict):
        raise ValueError("not a record of a build")  # noqa: TRY004  # the text is wrong, not its type
    # Only fields that readers rely on: a record of a later version may have more.
    options, tables = record["options"], record.get("tables")
    years = options.get("years")
    well_formed = (
        isinstance(years, list)
        and len(years) == 2
        and all(year is None or _is_int(year) for year in years)
        and options.get("cells") in ("data", "land", "all")
        and isinstance(options.get("parquet"), str | None)
        and options.get("tables", "stored") in ("stored", "views")
        and (options.get("tables") != "views" or isinstance(record.get("mark"), str))
        and isinstance(tables, list)
        and all(map(_is_table, tables))
    )
    if not well_formed:
        raise ValueError("an incomplete or malformed record of a build")
    return record


def _is_table(table: object) -> bool:
    if not isinstance(table, dict) or set(table) != set(_TABLE):
        return False
    first, last = table["first_year"], table["last_year"]
    counts = [table[name] for name in ("rows", "years", "cells")]
    spans = (first is None and last is None) or (_is_int(first) and _is_int(last))
    return isinstance(table["name"], str) and all(map(_is_int, counts)) and spans


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
