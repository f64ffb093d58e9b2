"""Read the values of a map: an expression in one year, or its change between two years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from loader.errors import DatabaseError, UsageError
from loader.exporting.selection import Selection
from loader.plotting.columns import ColumnQuery, find_query
from loader.plotting.frame import Domain
from loader.plotting.sense import Sense, sense_of
from loader.plotting.wording import (
    CO2_PER_C,
    SHARE,
    as_co2,
    moment,
    quantity_of,
    typeset,
    unit_of,
)

if TYPE_CHECKING:
    from loader.grid import Grid
    from loader.plotting.session import Session

__all__ = ["MapData", "change_data", "map_data"]

Float64 = npt.NDArray[np.float64]

_ANTARCTIC = -60.0
"""Latitude below which Antarctica is the only land."""


@dataclass(frozen=True)
class MapData:
    """The data of a map.

    Attributes
    ----------
    values : ndarray of float64, shape (n_lat, n_lon)
        Row 0 is the northernmost, column 0 the westernmost; NaN is missing. In `unit`.
    land : ndarray of float32, shape (n_lat, n_lon)
        Share of land of every cell.
    grid : Grid
    domain : Domain
        The part of the Earth to draw: that of the values, without Antarctica if it has none.
    outside : ndarray of bool, shape (n_lat, n_lon), or None
        Cells that are not part of the selection; they are missing in `values`.
    title, unit, source : str
        The quantity and its time; its unit; the sources that it was loaded from.
    sense : Sense
        The quantity that the values describe, and the sign that means more of it.
    synthetic : bool
        Whether any source of the database is synthetic.
    years : tuple of int
        The year, the two years of a change, or none.
    not_finite : int
        Cells whose value was infinite, or not a number; they are missing in `values`.
    """

    values: Float64
    land: npt.NDArray[np.float32]
    grid: Grid
    domain: Domain
    outside: npt.NDArray[np.bool_] | None
    title: str
    unit: str
    source: str
    sense: Sense
    synthetic: bool
    years: tuple[int, ...]
    not_finite: int

    @property
    def is_share(self) -> bool:
        """Whether the values are shares of the cell, which do not exceed 1."""
        return self.unit == SHARE

    @property
    def visible(self) -> Float64:
        """The finite values of cells of which any part is in the domain, shape (n,)."""
        return self.values[np.isfinite(self.values) & self._in_domain]

    @property
    def has_missing_land(self) -> bool:
        """Whether land of the domain has no value."""
        missing = np.isnan(self.values) & (self.land >= 0.5)
        if self.outside is not None:
            missing &= ~self.outside
        return bool(missing[self._in_domain].any())

    @property
    def _in_domain(self) -> npt.NDArray[np.bool_]:
        """Which cells are in the domain with any part, shape (n_lat, n_lon)."""
        # A cell that only touches the edge is not in it.
        lat, lon = self.grid.step_lat * 0.499, self.grid.step_lon * 0.499
        box = self.domain
        wider = Domain(box.west - lon, box.south - lat, box.east + lon, box.north + lat)
        return wider.holds(*np.meshgrid(self.grid.longitude, self.grid.latitude))


def map_data(
    session: Session,
    column: str = "eluc",
    year: int | None = None,
    relation: str | None = None,
    unit: str | None = None,
    selection: Selection | None = None,
    *,
    co2: bool = False,
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
        The table or view that has the columns; by default the first one that has them.
    unit : str, optional
        The unit of an expression; by default that of its columns, if it only adds or subtracts
        columns of one unit.
    selection : Selection, optional
        Restricts the map to a box, countries or regions.
    co2 : bool
        Whether emissions are given as carbon dioxide instead of carbon.

    Raises
    ------
    UsageError
        If the expression, the table or the year is not valid for this database.
    """
    query = find_query(session, column, relation, year)
    if "year" not in session.relations[query.relation]:
        if year is not None:
            raise UsageError(f"{query.relation} has no years: leave out --year")
        values, bad = _values(session, query, None)
    elif year is not None:
        values, bad = _values(session, query, year)
    else:
        # The last years may have no values of this kind: the states continue after the emissions.
        for candidate in sorted(session.years, reverse=True):
            year = candidate
            values, bad = _values(session, query, year)
            if not np.isnan(values).all():
                break
    _raise_if_empty(session, query, values, year)
    years = () if year is None else (year,)
    when = f", {_moment(session, query, year)}" if year is not None else ""
    return _described(
        session, query, values, bad, years, when, unit, selection or Selection(), co2=co2
    )


def change_data(
    session: Session,
    column: str,
    years: tuple[int, int],
    relation: str | None = None,
    unit: str | None = None,
    selection: Selection | None = None,
    *,
    co2: bool = False,
) -> MapData:
    """Read the change of a column or an expression between two years: the last less the first.

    Parameters
    ----------
    session, column, relation, unit, selection, co2
        As for `map_data`.
    years : tuple of int
        First and last year.

    Raises
    ------
    UsageError
        If the expression, the table or a year is not valid for this database.
    """
    query = find_query(session, column, relation)
    if "year" not in session.relations[query.relation]:
        raise UsageError(f"{query.relation} has no years, so nothing in it changes")
    first, last = years
    if first == last:
        raise UsageError(f"--years is {first}:{last}; expected two different years")
    found = []
    for year in years:
        values, bad = _values(session, query, year)
        _raise_if_empty(session, query, values, year)
        found.append((values, bad))
    names = query.expression.columns
    when = f", change from {moment(names, first)} to {moment(names, last)}"
    change = found[1][0] - found[0][0]
    return _described(
        session,
        query,
        change,
        max(found[0][1], found[1][1]),
        years,
        when,
        unit,
        selection or Selection(),
        is_change=True,
        co2=co2,
    )


def _values(session: Session, query: ColumnQuery, year: int | None) -> tuple[Float64, int]:
    values = {"expression": query.expression, "relation": query.relation, "year": year}
    try:
        columns = session.columns("plot_map", values)
    except DatabaseError as error:
        reason = str(error).partition(": ")[2]
        if "convert string" in reason:
            reason = "it is text, and a picture shows numbers"
        raise UsageError(
            f"{query.text!r} cannot be evaluated in {query.relation}: {reason}"
        ) from error
    cells, seen = columns["cell_id"], columns["map_value"]
    if cells.size and (np.diff(cells) == 0).any():
        raise UsageError(
            f"{query.relation} has several rows for a cell in {year}, which a map cannot show"
        )
    grid = session.grid
    bad = int(np.isinf(seen).sum())
    laid = np.full(grid.n_cells, np.nan)
    laid[cells] = np.where(np.isfinite(seen), seen, np.nan)
    return laid.reshape(grid.n_lat, grid.n_lon), bad


def _moment(session: Session, query: ColumnQuery, year: int) -> str:
    """Return the time of a map in words; of a change, the time in which it happened."""
    columns = [name.lower() for name in query.expression.columns]
    tables: dict[str, Literal["eluc", "state"]] = {"state_diff": "state", "eluc_diff": "eluc"}
    table = tables.get(query.relation)
    if all(name.endswith("_diff") for name in columns):
        if query.relation == "luc":
            return f"during {year}"
        earlier = [one for one in session.years_of(table) if one < year] if table else []
        if earlier:
            plain = [name.removesuffix("_diff") for name in columns]
            return f"from {moment(plain, earlier[-1])} to {moment(plain, year)}"
    return moment(columns, year)


def _raise_if_empty(
    session: Session, query: ColumnQuery, values: Float64, year: int | None
) -> None:
    if not np.isnan(values).all():
        return
    if year is None:
        raise UsageError(f"{query.text!r} has no value in {query.relation}")
    loaded = [
        f"{table} of {years[0]}-{years[-1]}"
        for table in ("eluc", "state")
        if (years := session.years_of(table))
    ]
    raise UsageError(
        f"{query.text!r} has no value in {year} in {query.relation}; the database has "
        f"{' and '.join(loaded) or 'no years'}"
    )


def _described(
    session: Session,
    query: ColumnQuery,
    values: Float64,
    bad: int,
    years: tuple[int, ...],
    when: str,
    unit: str | None,
    selection: Selection,
    *,
    is_change: bool = False,
    co2: bool = False,
) -> MapData:
    columns = [name.lower() for name in query.expression.columns]
    meanings = [session.meaning(query.relation, column) for column in columns]
    found_unit = unit_of(columns, meanings, is_sum=query.expression.is_sum)
    label = found_unit if unit is None else unit
    sense = sense_of(
        session,
        query.expression,
        query.relation,
        max(years) if years else None,
        is_change=is_change,
    )
    if co2:
        if sense.kind != "emission" or as_co2(label) == label:
            raise UsageError(f"--co2 converts emissions of carbon; {query.text!r} is in {label}")
        values, label = values * CO2_PER_C, typeset(as_co2(label))
    title = quantity_of(query.text, columns, meanings) + when
    outside, names = _outside(session, selection)
    if outside is not None:
        values = np.where(outside, np.nan, values)
        title = f"{', '.join(names)}: {title[0].lower()}{title[1:]}" if names else title
    return MapData(
        values=values,
        land=session.land,
        grid=session.grid,
        domain=_domain(session, selection, values, outside),
        outside=outside,
        title=f"{title}, {SHARE}" if label == SHARE and not is_change else title,
        unit=label,
        source=session.provenance([(query.relation, column) for column in columns]),
        sense=sense,
        synthetic=session.info.synthetic,
        years=years,
        not_finite=bad,
    )


def _outside(
    session: Session, selection: Selection
) -> tuple[npt.NDArray[np.bool_] | None, list[str]]:
    """Return the cells outside of the countries and regions, and the names of those."""
    regions = selection.named_regions(session.con)
    if not regions:
        return None, []
    numbers = [region.region_id for region in regions]
    wanted = session.columns("read_cells_wanted", {"land": False, "region_ids": numbers})
    outside = ~wanted["wanted"].astype(np.bool_).reshape(session.grid.n_lat, session.grid.n_lon)
    return outside, [region.title for region in regions]


def _domain(
    session: Session,
    selection: Selection,
    values: Float64,
    outside: npt.NDArray[np.bool_] | None,
) -> Domain:
    """Return the box to draw: the one chosen, that of the regions, or that of the grid."""
    grid = session.grid
    if selection.box is not None:
        box = selection.box
        selection.check_box(session.con)
        west = (box.west + 180) % 360 - 180
        return Domain(west, box.south, west + box.width, box.north)
    west, north = grid.west - grid.step_lon / 2, grid.north + grid.step_lat / 2
    south, width = north - grid.n_lat * grid.step_lat, grid.n_lon * grid.step_lon
    if outside is not None:
        rows = np.flatnonzero((~outside).any(axis=1))
        columns = np.asarray((~outside).any(axis=0))
        first, count = _shortest_arc(columns, wraps=grid.is_global)
        margin = max(grid.step_lon, 0.06 * max(count * grid.step_lon, rows.size * grid.step_lat))
        return Domain(
            west + first * grid.step_lon - margin,
            max(-90.0, north - (rows[-1] + 1) * grid.step_lat - margin),
            west + (first + count) * grid.step_lon + margin,
            min(90.0, north - rows[0] * grid.step_lat + margin),
        )
    if south < _ANTARCTIC and width >= 360 - 1e-6:
        # BLUE is 0 over the sea and in Antarctica; leave out parts with nothing else.
        polar = grid.latitude < _ANTARCTIC
        if not np.nan_to_num(values[polar]).any():
            south = _ANTARCTIC
    return Domain(west, south, west + width, north)


def _shortest_arc(has: npt.NDArray[np.bool_], *, wraps: bool) -> tuple[int, int]:
    """Return the first column and the number of columns that contain all columns set in a mask."""
    columns = np.flatnonzero(has)
    if not wraps:
        return int(columns[0]), int(columns[-1] - columns[0] + 1)
    gaps = np.diff(np.append(columns, columns[0] + has.size))
    widest = int(np.argmax(gaps))
    first = int(columns[(widest + 1) % columns.size])
    return first, int(has.size - gaps[widest] + 1)
