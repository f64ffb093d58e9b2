"""Read the contents of a report from a database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.catalog.products import describe_product, is_yearly_flux
from loader.errors import UsageError
from loader.exporting.selection import Selection
from loader.plotting.gridded import MapData, change_data, map_data
from loader.plotting.places import Place, find_places
from loader.plotting.series import PlaceSeries, place_series
from loader.plotting.session import opened
from loader.querying.regions import has_countries
from loader.reporting import Progress, synchronized
from loader.schema import ELUC

if TYPE_CHECKING:
    import os

    from loader.catalog.products import EmissionColumn
    from loader.checking.results import CheckReport, CheckResult
    from loader.description import DatabaseInfo
    from loader.plotting.session import Session
    from loader.reporting import Reporter

__all__ = ["Contents", "Country", "Emissions", "Published", "report_contents"]

Float64 = npt.NDArray[np.float64]

_COUNTRIES = 60
"""Countries with series of their own: more would make the page larger, and the list longer."""


@dataclass(frozen=True)
class Country:
    """A country by year; NaN where a year has no value.

    Attributes
    ----------
    name : str
    emissions : ndarray of float64, shape (n,)
        Mt C yr-1.
    forest, crop : ndarray of float64, shape (n,)
        Million hectares on 1 January.
    """

    name: str
    emissions: Float64
    forest: Float64
    crop: Float64


@dataclass(frozen=True)
class Published:
    """Emissions that were published for a year or a decade, Pg C yr-1."""

    first_year: int
    last_year: int
    emission_pgc: float


@dataclass(frozen=True)
class Emissions:
    """The product of emissions that a report is about.

    Attributes
    ----------
    column : str
        Of the table eluc.
    quantity : str
        The meaning of a value.
    is_flux : bool
        Whether it is the whole flux of a year: neither committed emissions nor a part of the flux.
    others : tuple of (str, str)
        Column and meaning of each other product in the database.
    """

    column: str
    quantity: str
    is_flux: bool
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Contents:
    """The contents of a report.

    Attributes
    ----------
    info : DatabaseInfo
    is_global : bool
        Whether the report is about all cells of a grid of the whole Earth.
    emissions : Emissions
    place : str or None
        The country, region or box that the report is about; None for all cells.
    series : PlaceSeries or None
        Of all cells, emissions in Pg C, or of the place, emissions in Mt C; None where nothing is
        loaded.
    countries : tuple of Country
        On the years of `series`, ordered by the size of their emissions in all years; may be empty.
    published : tuple of Published
        Empty if the loaded emissions are not the published ones.
    maps : tuple of MapData
        Emissions of a year, change of forest, change of cropland, as far as they are loaded.
    without_countries : str
        The reason if there are no countries.
    checks : CheckReport or None
        None if they were not requested.
    """

    info: DatabaseInfo
    is_global: bool
    emissions: Emissions
    place: str | None
    series: PlaceSeries | None
    countries: tuple[Country, ...]
    published: tuple[Published, ...]
    maps: tuple[MapData, ...]
    without_countries: str
    checks: CheckReport | None = None


def report_contents(
    database: str | os.PathLike[str],
    year: int | None = None,
    selection: Selection | None = None,
    *,
    product: str = ELUC.column,
    checks: bool = True,
    reporter: Reporter | None = None,
) -> Contents:
    """Read the contents of a report.

    Parameters
    ----------
    database : path
        The file, or its folder.
    year : int, optional
        Of the map of emissions; the latest if not given.
    selection : Selection, optional
        One country, region or box that the report is about; all cells by default.
    product : str
        The column of eluc with the emissions.
    checks : bool
        Whether to run the checks, which read everything.
    reporter : Reporter, optional
        Receives progress.

    Raises
    ------
    UsageError
        If there are no such emissions for that year, or if the selection has no cell or more than
        one place.
    SourceError, DatabaseError
        If the database does not exist or cannot be read.
    """
    watcher = synchronized(reporter)
    watcher.progress(Progress("reading the database", None, 0, None))
    with opened(database) as session:
        eluc, state = session.years_of("eluc"), session.years_of("state")
        if year is not None and year not in eluc:
            loaded = f"has emissions of {eluc[0]}-{eluc[-1]}" if eluc else "has no emissions"
            raise UsageError(f"--year is {year}; the database {loaded}")
        about = selection or Selection()
        place = _one_place(session, about)
        emissions = _emissions(session, session.product(product))
        product = emissions.column
        series = place_series(session, place, product=product) if eluc or state else None
        countries = _countries(session, series, product) if place is None else ()
        contents = Contents(
            info=session.info,
            is_global=session.grid.is_global and place is None,
            emissions=emissions,
            place=None if place is None else place.name,
            series=series,
            countries=countries,
            published=_published(session, eluc, product) if place is None else (),
            maps=_maps(session, eluc, state, year, about, product),
            without_countries="" if countries else _why_none(session, eluc, state),
        )
    if not checks:
        return contents
    from loader.checking.check import check_database  # noqa: PLC0415  # only where wanted

    names: list[str] = []

    def report(result: CheckResult) -> None:
        names.append(result.name)
        done = f"checks: {len(names)} done, the last one {result.name}"
        watcher.progress(Progress(done, None, 0, None))

    watcher.progress(Progress("checks: reading every value", None, 0, None))
    return replace(contents, checks=check_database(database, finished=report))


def _one_place(session: Session, selection: Selection) -> Place | None:
    places = find_places(session, selection)
    if len(places) > 1:
        named = ", ".join(place.name for place in places)
        raise UsageError(f"a report is about one country, region or box, not about {named}")
    return places[0] if places else None


def _maps(
    session: Session,
    eluc: list[int],
    state: list[int],
    year: int | None,
    selection: Selection,
    product: str,
) -> tuple[MapData, ...]:
    maps = [map_data(session, product, year, selection=selection)] if eluc else []
    if len(state) > 1:
        span = (state[0], state[-1])
        maps += [
            change_data(session, column, span, selection=selection) for column in ("forest", "crop")
        ]
    return tuple(maps)


def _emissions(session: Session, product: EmissionColumn) -> Emissions:
    """Return what a product is, and which others there are."""
    quantities = {
        one.column: session.meaning(ELUC.column, one.column)[1] for one in session.products
    }
    quantity = quantities.pop(product.column)
    others = tuple(quantities.items())
    return Emissions(product.column, quantity, is_yearly_flux(quantity), others)


def _countries(session: Session, series: PlaceSeries | None, product: str) -> tuple[Country, ...]:
    if series is None or not has_countries(session.con):
        return ()
    rows: dict[str, Float64] = {}
    first = int(series.years[0])
    measure = f"{session.product(product).measure}_mtc"
    for name, year, *values in session.rows("report_places", {"emissions": measure}):
        table = rows.setdefault(name, np.full((3, series.years.size), np.nan))
        if 0 <= year - first < series.years.size:
            table[:, year - first] = [np.nan if value is None else value for value in values]

    def weight(name: str) -> tuple[float, float, str]:
        emissions, forest, crop = rows[name]
        return -float(np.nansum(np.abs(emissions))), -float(np.nansum(forest + crop)), name

    chosen = sorted(rows, key=weight)[:_COUNTRIES]
    return tuple(Country(name, *rows[name]) for name in chosen)


def _published(session: Session, eluc: list[int], product: str) -> tuple[Published, ...]:
    """Return the published totals if they apply to the emissions."""
    name = ELUC.column if product == ELUC.column else f"{ELUC.column}/{product}"
    source = next((one for one in session.info.sources if one.name == name), None)
    if not eluc or source is None or not session.grid.is_global:
        return ()
    if describe_product(source.path, [source.title]).obstacle is not None:
        return ()
    rows = session.rows("report_published", {"first": eluc[0], "last": eluc[-1]})
    return tuple(Published(*row) for row in rows)


def _why_none(session: Session, eluc: list[int], state: list[int]) -> str:
    if not has_countries(session.con):
        return (
            "Countries are not loaded: build the database with LUH2's static file (--static) to "
            "have them."
        )
    return "No country has values." if eluc or state else "Nothing is loaded."
