"""What a report says, read from a database in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loader.errors import UsageError
from loader.plotting.gridded import MapData, change_data, map_data
from loader.plotting.series import SeriesData, series_data
from loader.plotting.session import opened
from loader.querying.countries import has_countries
from loader.reporting import Progress, synchronized

if TYPE_CHECKING:
    import os

    from loader.checking.results import CheckReport, CheckResult
    from loader.description import DatabaseInfo
    from loader.plotting.session import Session
    from loader.reporting import Reporter

__all__ = ["Contents", "CountryRow", "report_contents"]

_COUNTRIES = 15


@dataclass(frozen=True)
class CountryRow:
    """A country: its emissions of the last year (Mt C yr-1), of all years (Mt C), their share."""

    country: str
    emission_mtc: float
    total_mtc: float
    share: float


@dataclass(frozen=True)
class Contents:
    """What a report says.

    Attributes
    ----------
    info : DatabaseInfo
    series : SeriesData or None
        Of the globe; None where nothing is loaded.
    emissions, forest_change : MapData or None
        ELUC of a year; forest in the last loaded year less the first.
    countries : tuple of CountryRow
        By their emissions of all years; empty without countries or ELUC.
    country_years : tuple of int
        First and last year that `countries` are about.
    without_countries : str
        Why there are none.
    checks : CheckReport or None
        None where they were not wanted.
    """

    info: DatabaseInfo
    series: SeriesData | None
    emissions: MapData | None
    forest_change: MapData | None
    countries: tuple[CountryRow, ...]
    country_years: tuple[int, ...]
    without_countries: str
    checks: CheckReport | None = None


def report_contents(
    database: str | os.PathLike[str],
    year: int | None = None,
    *,
    checks: bool = True,
    reporter: Reporter | None = None,
) -> Contents:
    """Read what a report says.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.
    year : int, optional
        Of the map of emissions; the latest if not given.
    checks : bool
        Whether the checks are made, which reads everything.
    reporter : Reporter, optional
        Receives progress.

    Raises
    ------
    UsageError
        If there are no emissions of that year.
    SourceError, DatabaseError
        If there is no such database, or it cannot be read.
    """
    watcher = synchronized(reporter)
    watcher.progress(Progress("reading the database", None, 0, None))
    with opened(database) as session:
        eluc, state = session.years_of("eluc"), session.years_of("state")
        if year is not None and year not in eluc:
            loaded = f"has emissions of {eluc[0]}-{eluc[-1]}" if eluc else "has no emissions"
            raise UsageError(f"--year is {year}; the database {loaded}")
        rows = _countries(session, eluc)
        contents = Contents(
            info=session.info,
            series=series_data(session) if eluc or state else None,
            emissions=map_data(session, "eluc", year) if eluc else None,
            forest_change=_forest_change(session, state),
            countries=rows,
            country_years=(eluc[0], eluc[-1]) if rows else (),
            without_countries="" if rows else _why_none(session, eluc),
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


def _forest_change(session: Session, state: list[int]) -> MapData | None:
    return change_data(session, "forest", (state[0], state[-1])) if len(state) > 1 else None


def _countries(session: Session, eluc: list[int]) -> tuple[CountryRow, ...]:
    if not eluc:
        return ()
    found = session.rows("report_countries", {"last": eluc[-1], "count": _COUNTRIES})
    return tuple(CountryRow(*row) for row in found)


def _why_none(session: Session, eluc: list[int]) -> str:
    if not eluc:
        return "No emissions are loaded."
    if not has_countries(session.con):
        return "Countries are not loaded: build with LUH2's static file (--static) to have them."
    return "No country has emissions."
