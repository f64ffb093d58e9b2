"""The values of a series by year: of places, regions, a box or all cells of the database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.errors import DatabaseError, UsageError
from loader.exporting.selection import Box, Selection
from loader.plotting.columns import find_columns
from loader.plotting.places import all_cells, cell_near, find_places
from loader.plotting.sense import Sense, sense_of
from loader.plotting.wording import (
    CO2_PER_C,
    SHARE,
    SNAPSHOTS,
    as_co2,
    quantity_of,
    typeset,
    unit_of,
)
from loader.querying.diagnosis import place_complaint
from loader.schema import ELUC, FURTHER_LAND_USE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loader.catalog.products import EmissionColumn
    from loader.plotting.places import Place
    from loader.plotting.session import Session

__all__ = [
    "STACK",
    "Line",
    "Panel",
    "PlaceSeries",
    "SeriesData",
    "place_series",
    "series_data",
]

Float64 = npt.NDArray[np.float64]
Years = tuple[int | None, int | None]

STACK = ("primf", "secdf", "primn", "secdn", "range", "pastr", "crop", "urban")
"""Land uses of the stacked areas, from the bottom: together all 12, the five crops as one. Those
that only LUH3 has are above them."""

_STATES = "land use is that of 1 January"
_FLUXES = "emissions are of the whole year, positive to the atmosphere"

_MILLION = 1e6

_OF_CELL = {"kg C": (1e-9, "Mt C"), "ha": (1 / _MILLION, "million hectares")}
"""Units of quantities of complete cells, which are summed: the factor and the unit of the sum."""

_EMISSION = re.compile(r"t (CO2|C)( ha-1)? yr-1")


@dataclass(frozen=True)
class PlaceSeries:
    """Land use and emissions of one place.

    Attributes
    ----------
    place : str
    years : ndarray of int64, shape (n,)
        Every calendar year from the first to the last, gaps included.
    uses : dict of str to ndarray of float64, shape (n,)
        Land use on 1 January, in the order of `STACK`; NaN where a year has none. Empty if nothing
        is loaded.
    use_unit : str
    emissions : ndarray of float64, shape (n,)
        Positive is a source to the atmosphere; NaN where a year has none.
    emission_unit : str
    source : str
    synthetic : bool
    """

    place: str
    years: npt.NDArray[np.int64]
    uses: dict[str, Float64]
    use_unit: str
    emissions: Float64
    emission_unit: str
    source: str
    synthetic: bool

    @property
    def title(self) -> str:
        """A title with the place and the years."""
        return f"{self.place}, {_span(self.years)}"

    @property
    def note(self) -> str:
        """The times that the values are of."""
        has_emissions = bool(np.isfinite(self.emissions).any())
        return _sentence([*([_STATES] if self.uses else []), *([_FLUXES] if has_emissions else [])])


@dataclass(frozen=True)
class Line:
    """One line of a panel: the place, and a value for each year, NaN where there is none."""

    place: str
    values: Float64


@dataclass(frozen=True)
class Panel:
    """One quantity: its title, unit, sense and time, and a line for each place."""

    quantity: str
    unit: str
    sense: Sense
    time: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class SeriesData:
    """Quantities of places.

    Attributes
    ----------
    years : ndarray of int64, shape (n,)
        Every calendar year from the first to the last, gaps included.
    panels : tuple of Panel
    source : str
    synthetic : bool
    """

    years: npt.NDArray[np.int64]
    panels: tuple[Panel, ...]
    source: str
    synthetic: bool

    @property
    def note(self) -> str:
        """The times that the values are of."""
        return _sentence([panel.time for panel in self.panels])

    @property
    def title(self) -> str:
        """A title with the places and the years."""
        places = dict.fromkeys(line.place for panel in self.panels for line in panel.lines)
        return f"{', '.join(places)}, {_span(self.years)}"


def series_data(
    session: Session,
    columns: Sequence[str] = (),
    at: Sequence[tuple[float, float]] = (),
    selection: Selection | None = None,
    years: Years = (None, None),
    *,
    co2: bool = False,
) -> PlaceSeries | SeriesData:
    """Read values by year.

    Parameters
    ----------
    session : Session
    columns : sequence of str
        Columns or expressions. If none is given, land use and emissions of one place, or emissions
        and forest of several.
    at : sequence of (latitude, longitude)
        Places, degrees; the nearest cell of each.
    selection : Selection, optional
        Its countries and regions, each a place of its own, and the cells of its box. All cells
        together if no place is given either.
    years : tuple of (int or None)
        First and last year, both included.
    co2 : bool
        Whether emissions are given as carbon dioxide instead of carbon.

    Raises
    ------
    UsageError
        If a place, country, region or column does not exist, or has no value in these years.
    """
    places = [cell_near(session, *one) for one in at]
    places += find_places(session, selection or Selection())
    if not columns and len(places) < 2:
        return place_series(session, places[0] if places else None, years, co2=co2)
    if not columns:
        has = [("eluc", session.years_of("eluc")), ("forest", session.years_of("state"))]
        columns = [name for name, loaded in has if loaded]
    where = places or [all_cells(session)]
    read = [_read_panel(session, column, where, co2=co2) for column in columns]
    known = {year for panel in read for rows in panel.rows for year in rows}
    span = _span_of(known, years, where)
    panels = tuple(panel.on(span) for panel in read)
    source = session.provenance([of for panel in read for of in panel.origins])
    return SeriesData(span, panels, source, session.info.synthetic)


def place_series(
    session: Session,
    place: Place | None = None,
    years: Years = (None, None),
    *,
    co2: bool = False,
    product: str = ELUC.column,
) -> PlaceSeries:
    """Read land use and emissions of one place, or of all cells.

    Parameters and errors are those of `series_data`; `product` is the column of eluc with the
    emissions.
    """
    where = place or all_cells(session)
    chosen = session.product(product)
    state = session.relations.get("state", ())
    stack = (*STACK, *(use for use in FURTHER_LAND_USE if use in state))
    use_view, use_suffix, emission_view, emission = "state_global", "_mha", "eluc_global", ""
    key: tuple[str, int] | None = None
    if where.cell_id is not None:
        use_view, use_suffix, emission_view = "eluc_state", "", "eluc_state"
        emission = chosen.column
        key = ("cell_id", where.cell_id)
    elif where.region_id is not None:
        use_view, emission_view = "state_region", "eluc_region"
        emission = f"{chosen.measure}_mtc"
        key = ("region_id", where.region_id)
    emission = emission or f"{chosen.measure}_{'pgc' if where.box is None else 'mtc'}"
    if where.box is not None:
        emission_view = "eluc_region"
        uses, emissions = _box_rows(session, where.box, stack, chosen)
    else:
        uses = _rows(session, use_view, [f"{use}{use_suffix}" for use in stack], key)
        emissions = _rows(session, emission_view, [emission], key)
    span = _span_of({*uses, *emissions}, years, [where])
    missing = (np.nan,) * len(stack)
    stacked = np.array([uses.get(int(year), missing) for year in span], dtype=np.float64)
    drawn = np.array([emissions.get(int(year), (np.nan,))[0] for year in span], dtype=np.float64)
    unit = session.meaning(emission_view, emission)[0]
    if co2:
        drawn, unit = drawn * CO2_PER_C, as_co2(unit)
    columns = ([*stack] if uses else []) + ([chosen.column] if emissions else [])
    return PlaceSeries(
        place=where.name,
        years=span,
        uses={use: stacked[:, i] for i, use in enumerate(stack)} if uses else {},
        use_unit=SHARE if where.is_cell else "million hectares",
        emissions=drawn,
        emission_unit=typeset(unit),
        source=session.provenance([("eluc_state", column) for column in columns]),
        synthetic=session.info.synthetic,
    )


@dataclass(frozen=True)
class _PanelRows:
    """A quantity as it was read: for each place the value of each year that has one."""

    quantity: str
    unit: str
    sense: Sense
    time: str
    places: tuple[str, ...]
    rows: tuple[dict[int, float], ...]
    origins: tuple[tuple[str, str], ...]

    def on(self, span: npt.NDArray[np.int64]) -> Panel:
        """Return it on consecutive years."""
        lines = tuple(
            Line(place, np.array([values.get(int(year), np.nan) for year in span]))
            for place, values in zip(self.places, self.rows, strict=True)
        )
        return Panel(self.quantity, self.unit, self.sense, self.time, lines)


def _read_panel(session: Session, text: str, places: Sequence[Place], *, co2: bool) -> _PanelRows:
    expression, relation = find_columns(session, text)
    if "year" not in session.relations[relation]:
        raise UsageError(f"{text!r} is a column of {relation}, which has no years: no series")
    columns = [name.lower() for name in expression.columns]
    meanings = [session.meaning(relation, column) for column in columns]
    plain = {unit for unit, _ in meanings}
    unit = plain.pop() if expression.is_sum and len(plain) == 1 else ""
    label = unit_of(columns, meanings, is_sum=expression.is_sum)
    if places[0].is_cell:
        weight, factor, whole = "none", 1.0, label
    else:
        weight, factor, whole = _of_many_cells(unit, label)
    if any(place.is_cell != places[0].is_cell for place in places):
        raise UsageError(
            "--at selects one cell, and --country, --region and --bbox many: draw two pictures"
        )
    years = session.years
    sense = sense_of(session, expression, relation, max(years) if years else None)
    if co2 and sense.kind == "emission":
        factor, whole = factor * CO2_PER_C, as_co2(whole)
    rows = []
    for place in places:
        values = {
            "expression": expression,
            "relation": relation,
            "cell_id": place.cell_id,
            "region_id": place.region_id,
            "box": place.box,
            "weight": weight,
        }
        try:
            found = session.rows("plot_lines", values)
        except DatabaseError as error:
            reason = str(error).partition(": ")[2]
            raise UsageError(f"{text!r} cannot be evaluated in {relation}: {reason}") from error
        rows.append({int(year): float(value) * factor for year, value in found})
    return _PanelRows(
        quantity=quantity_of(text, columns, meanings),
        unit=typeset(whole),
        sense=sense,
        time=_time_of(columns, relation, sense),
        places=tuple(place.name for place in places),
        rows=tuple(rows),
        origins=tuple((relation, column) for column in columns),
    )


def _time_of(columns: Sequence[str], relation: str, sense: Sense) -> str:
    """Return a clause with the time that values are of; empty where it is plain."""
    if all(name.endswith("_diff") for name in columns):
        during, since = (
            "changes are those during the year",
            "changes are those since the year before",
        )
        return {"luc": during, "state_diff": since, "eluc_diff": since}.get(relation, "")
    if sense.is_flux:
        return _FLUXES if sense.direction > 0 else "emissions are of the whole year"
    return _STATES if all(name in SNAPSHOTS for name in columns) else ""


def _sentence(clauses: Sequence[str]) -> str:
    text = "; ".join(dict.fromkeys(filter(None, clauses)))
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _of_many_cells(unit: str, label: str) -> tuple[str, float, str]:
    """Return how a quantity is aggregated over cells: weight, factor, unit.

    Quantities per hectare and shares of cells are multiplied by the areas of the cells and summed.
    Quantities per cell are summed. Anything else is averaged, weighted by area.
    """
    if label == SHARE:
        return "area", 1 / _MILLION, "million hectares"
    if label in _OF_CELL:
        return ("none", *_OF_CELL[label])
    match = _EMISSION.fullmatch(unit)
    if match:
        return "area" if match[2] else "none", 1 / _MILLION, f"Mt {match[1]} yr-1"
    return "mean", 1.0, f"{label}, mean weighted by area"


def _span_of(known: set[int], years: Years, places: Sequence[Place]) -> npt.NDArray[np.int64]:
    """Return all years from the first to the last that has a value and is chosen."""
    first, last = years
    chosen = [
        year
        for year in known
        if (first is None or year >= first) and (last is None or year <= last)
    ]
    if not chosen:
        if not known and places[0].near:
            raise UsageError(f"--at: {place_complaint(*places[0].near)}")
        names, loaded = ", ".join(place.name for place in places), sorted(known)
        has = f"it has {loaded[0]}-{loaded[-1]}" if loaded else "it has none at all"
        raise UsageError(f"{names}: no values in the years chosen; {has}")
    return np.arange(min(chosen), max(chosen) + 1)


def _span(years: npt.NDArray[np.int64]) -> str:
    return f"{years[0]}-{years[-1]}" if years.size > 1 else str(years[0])


def _box_rows(
    session: Session, box: Box, stack: Sequence[str], product: EmissionColumn
) -> tuple[dict[int, tuple[float, ...]], dict[int, tuple[float, ...]]]:
    """Return land use in Mha and emissions in Mt C by year, summed over the cells of a box."""
    uses: dict[int, tuple[float, ...]] = {}
    emissions: dict[int, tuple[float, ...]] = {}
    values: dict[str, object] = {
        "box": box,
        "columns": stack,
        "emissions": f"{product.measure}_tc",
    }
    for year, emission, *areas in session.rows("plot_box", values):
        if emission is not None:
            emissions[int(year)] = (float(emission),)
        if any(area is not None for area in areas):
            uses[int(year)] = tuple(np.nan if area is None else float(area) for area in areas)
    return uses, emissions


def _rows(
    session: Session, view: str, columns: Sequence[str], key: tuple[str, int] | None
) -> dict[int, tuple[float, ...]]:
    name, value = key or (None, None)
    values: dict[str, object] = {"relation": view, "columns": columns, "key": name, "value": value}
    return {
        int(year): tuple(np.nan if value is None else float(value) for value in row)
        for year, *row in session.rows("plot_series", values)
        if any(value is not None for value in row)
    }
