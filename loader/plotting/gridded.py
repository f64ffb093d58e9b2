"""The values of a map: an expression of a year, or its change between two, on the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.catalog.expressions import parse_expression
from loader.errors import DatabaseError, UsageError
from loader.plotting.sense import Sense, sense_of
from loader.plotting.wording import moment, quantity_of, unit_of

if TYPE_CHECKING:
    from loader.catalog.sqlfiles import Expression
    from loader.grid import Grid
    from loader.plotting.session import Session

__all__ = ["MapData", "change_data", "map_data"]

Float64 = npt.NDArray[np.float64]

_PREFERRED = ("eluc_state", "luc", "state", "eluc", "management", "transition", "cell")
"""Where columns are looked for, in this order, before all other tables and views."""


@dataclass(frozen=True)
class MapData:
    """What a map shows.

    Attributes
    ----------
    values : ndarray of float64, shape (n_lat, n_lon)
        Row 0 is the northernmost, column 0 the westernmost; NaN is missing. In `unit`.
    land : ndarray of float32, shape (n_lat, n_lon)
        Share of land of every cell.
    grid : Grid
    title, unit, source : str
        What is shown and when; its unit; what it was loaded from.
    sense : Sense
        What the values are about, and which sign says that there is more of it.
    synthetic : bool
        Whether any source of the database is made up.
    years : tuple of int
        The year, the two years of a change, or none.
    not_finite : int
        Cells whose value was infinite, or not a number; they are missing in `values`.
    """

    values: Float64
    land: npt.NDArray[np.float32]
    grid: Grid
    title: str
    unit: str
    source: str
    sense: Sense
    synthetic: bool
    years: tuple[int, ...]
    not_finite: int


@dataclass(frozen=True)
class _Asked:
    text: str
    expression: Expression
    relation: str


def map_data(
    session: Session,
    column: str = "eluc",
    year: int | None = None,
    relation: str | None = None,
    unit: str | None = None,
) -> MapData:
    """Read the values of a column or an expression in one year.

    Parameters
    ----------
    session : Session
    column : str
        A column, or a SQL expression of columns such as ``crop + urban``.
    year : int, optional
        The latest that has values, if not given.
    relation : str, optional
        The table or view that has the columns; found by them if not given.
    unit : str, optional
        The unit of an expression; found where it only adds or subtracts columns of one unit.

    Raises
    ------
    UsageError
        If the expression, the table or the year has no meaning here.
    """
    asked = _asked(session, column, relation)
    if "year" not in session.relations[asked.relation]:
        if year is not None:
            raise UsageError(f"{asked.relation} has no years: leave out --year")
        values, bad = _values(session, asked, None)
    elif year is not None:
        values, bad = _values(session, asked, year)
    else:
        # The last years may be without what is asked for: states reach beyond emissions.
        for candidate in sorted(session.years, reverse=True):
            year = candidate
            values, bad = _values(session, asked, year)
            if not np.isnan(values).all():
                break
    _refuse_empty(session, asked, values, year)
    years = () if year is None else (year,)
    when = f", {moment(asked.expression.columns, year)}" if year is not None else ""
    return _described(session, asked, values, bad, years, when, unit)


def change_data(
    session: Session,
    column: str,
    years: tuple[int, int],
    relation: str | None = None,
    unit: str | None = None,
) -> MapData:
    """Read the change of a column or an expression between two years: the last less the first.

    Parameters
    ----------
    session, column, relation, unit
        As for `map_data`.
    years : tuple of int
        First and last year.

    Raises
    ------
    UsageError
        If the expression, the table or a year has no meaning here.
    """
    asked = _asked(session, column, relation)
    if "year" not in session.relations[asked.relation]:
        raise UsageError(f"{asked.relation} has no years, so nothing in it changes")
    first, last = years
    if first == last:
        raise UsageError(f"--years is {first}:{last}; expected two different years")
    found = []
    for year in years:
        values, bad = _values(session, asked, year)
        _refuse_empty(session, asked, values, year)
        found.append((values, bad))
    names = asked.expression.columns
    when = f", change from {moment(names, first)} to {moment(names, last)}"
    change = found[1][0] - found[0][0]
    return _described(
        session, asked, change, max(found[0][1], found[1][1]), years, when, unit, is_change=True
    )


def _asked(session: Session, text: str, relation: str | None) -> _Asked:
    expression = parse_expression(session.con, text)
    if not expression.columns:
        raise UsageError(f"{text!r} names no column; a map shows columns, such as crop + urban")
    names = {name.lower() for name in expression.columns}
    having = {
        table: {column.lower() for column in columns}
        for table, columns in session.relations.items()
    }
    if relation is not None:
        if relation not in having:
            raise UsageError(
                f"--from is {relation!r}; expected one of {', '.join(having)}, which have cells"
            )
        if missing := sorted(names - having[relation]):
            raise UsageError(
                f"{relation} has no column {', '.join(missing)}; it has "
                f"{', '.join(session.relations[relation])}"
            )
        return _Asked(text, expression, relation)
    for table in (*_PREFERRED, *having):
        if table in having and names <= having[table]:
            return _Asked(text, expression, table)
    nowhere = sorted(names - set().union(*having.values()))
    if nowhere:
        raise UsageError(
            f"no table or view has a column {', '.join(nowhere)}; eluc_state has "
            f"{', '.join(session.relations['eluc_state'])}"
        )
    raise UsageError(f"no table or view has all of the columns {', '.join(sorted(names))}")


def _values(session: Session, asked: _Asked, year: int | None) -> tuple[Float64, int]:
    values = {"expression": asked.expression, "relation": asked.relation, "year": year}
    try:
        found = session.columns("plot_map", values)
    except DatabaseError as error:
        reason = str(error).partition(": ")[2]
        raise UsageError(
            f"{asked.text!r} cannot be evaluated in {asked.relation}: {reason}"
        ) from error
    cells, seen = found["cell_id"], found["map_value"]
    if cells.size and (np.diff(cells) == 0).any():
        raise UsageError(
            f"{asked.relation} has several rows of a cell in {year}: no map shows that"
        )
    grid = session.grid
    bad = int(np.isinf(seen).sum())
    laid = np.full(grid.n_cells, np.nan)
    laid[cells] = np.where(np.isfinite(seen), seen, np.nan)
    return laid.reshape(grid.n_lat, grid.n_lon), bad


def _refuse_empty(session: Session, asked: _Asked, values: Float64, year: int | None) -> None:
    if not np.isnan(values).all():
        return
    if year is None:
        raise UsageError(f"{asked.text!r} has no value in {asked.relation}")
    loaded = [
        f"{table} of {years[0]}-{years[-1]}"
        for table in ("eluc", "state")
        if (years := session.years_of(table))
    ]
    raise UsageError(
        f"{asked.text!r} has no value in {year} in {asked.relation}; the database has "
        f"{' and '.join(loaded) or 'no years'}"
    )


def _described(
    session: Session,
    asked: _Asked,
    values: Float64,
    bad: int,
    years: tuple[int, ...],
    when: str,
    unit: str | None,
    *,
    is_change: bool = False,
) -> MapData:
    columns = [name.lower() for name in asked.expression.columns]
    meanings = [session.meaning(asked.relation, column) for column in columns]
    return MapData(
        values=values,
        land=session.land,
        grid=session.grid,
        title=quantity_of(asked.text, columns, meanings) + when,
        unit=unit
        if unit is not None
        else unit_of(columns, meanings, is_sum=asked.expression.is_sum),
        source=session.provenance(asked.relation, columns),
        sense=sense_of(
            session,
            asked.expression,
            asked.relation,
            max(years) if years else None,
            is_change=is_change,
        ),
        synthetic=session.info.synthetic,
        years=years,
        not_finite=bad,
    )
