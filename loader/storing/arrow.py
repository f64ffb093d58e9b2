"""Rows as Arrow tables: the one place where NaN becomes NULL, and where units enter the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from loader.reading.blocks import Rows
    from loader.schema import Source, Variable

__all__ = ["table_schema", "to_arrow"]


def table_schema(kind: Source, variables: tuple[Variable, ...]) -> pa.Schema:
    """Return the Arrow schema of a gridded table.

    Parameters
    ----------
    kind : Source
    variables : tuple of Variable
        The columns in addition to cell_id and year.

    Returns
    -------
    pyarrow.Schema
        cell_id int32 and year int16, not null; float32 variables, nullable, with `units`,
        `long_name` and `standard_name` as field metadata.
    """
    keys = [
        _field("cell_id", pa.int32(), "1", "row * n_lon + column, from the north-west", null=False),
        _field("year", pa.int16(), "year", "calendar year", null=False),
    ]
    values = [
        _field(v.column, pa.float32(), v.units, v.long_name, v.standard_name) for v in variables
    ]
    return pa.schema([*keys, *values], metadata={"title": kind.title})


def _field(
    name: str,
    kind: pa.DataType,
    units: str,
    long_name: str,
    standard_name: str = "",
    *,
    null: bool = True,
) -> pa.Field:
    metadata = {"units": units, "long_name": long_name, "standard_name": standard_name}
    nonempty = {key: value for key, value in metadata.items() if value}
    return pa.field(name, kind, nullable=null, metadata=nonempty)


def to_arrow(rows: Rows, schema: pa.Schema) -> pa.Table:
    """Return rows as an Arrow table, missing values as NULL.

    Parameters
    ----------
    rows : Rows
    schema : pyarrow.Schema
        As `table_schema` makes it, in the order of the columns of `rows`.

    Returns
    -------
    pyarrow.Table
        Shares the memory of `rows`.
    """
    # NaN must not reach SQL: avg() of it is NaN, and count() counts it. Searching for it takes a
    # pass over all values, so it is skipped for files that have none.
    find_nan = not rows.is_complete
    values = [pa.array(column, from_pandas=find_nan) for column in rows.values.values()]
    return pa.Table.from_arrays(
        [pa.array(rows.cell_id), pa.array(rows.year), *values], schema=schema
    )
