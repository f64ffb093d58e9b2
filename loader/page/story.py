"""Summarise a database in sentences and numbers: the beginning of a report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loader.plotting.wording import CO2_PER_C

if TYPE_CHECKING:
    import numpy.typing as npt

    from loader.page.contents import Contents, Emissions

__all__ = ["UNCERTAINTY_PGC", "Fact", "Story", "emissions_title", "tell_story", "uncertainty"]

UNCERTAINTY_PGC = 0.7
"""One standard deviation of global emissions from land-use change, Pg C yr-1, as the Global Carbon
Budget states it (Friedlingstein et al. 2022)."""

_TREND_YEARS = 20
_LEVEL = 0.02
"""Pg C yr-1 per decade; with a smaller trend, emissions are called level."""

_LEVEL_SHARE = 0.02
"""The same for one place, as a share of its emissions."""

_TOP = 3


@dataclass(frozen=True)
class Fact:
    """One number: its title, value and unit, and a note."""

    label: str
    value: str
    unit: str
    note: str = ""


@dataclass(frozen=True)
class Story:
    """The beginning of a report: sentences, and the numbers in them."""

    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]


def uncertainty(contents: Contents) -> float:
    """Return the published standard deviation of emissions, Pg C yr-1; 0 where there is none."""
    return UNCERTAINTY_PGC if contents.is_global and contents.emissions.is_flux else 0.0


def emissions_title(emissions: Emissions) -> str:
    """Return the title of emissions in charts and lists."""
    return "Net emissions" if emissions.is_flux else f"Emissions {emissions.column}"


def tell_story(contents: Contents) -> Story:
    """Summarise the history in a database.

    Parameters
    ----------
    contents : Contents
    """
    sentences: list[str] = []
    facts: list[Fact] = []
    series = contents.series
    if series is not None and np.isfinite(series.emissions).any():
        _emissions(contents, sentences, facts)
        _largest(contents, sentences)
    if series is not None and series.uses:
        _land_use(contents, sentences, facts)
    if not sentences:
        sentences.append("This database holds neither emissions nor land use.")
    return Story(tuple(sentences), tuple(facts))


def _emissions(contents: Contents, sentences: list[str], facts: list[Fact]) -> None:
    assert contents.series is not None
    years, values = _known(contents.series.years, contents.series.emissions)
    year, value = int(years[-1]), float(values[-1])
    # The published uncertainty is for the globe; there is none for a region.
    known_spread = uncertainty(contents)
    spread = f" ± {known_spread:g}" if known_spread else ""
    co2_spread = f" ± {known_spread * CO2_PER_C:.1f}" if known_spread else ""
    is_place = contents.place is not None
    unit = "Mt" if is_place else "Pg"
    tonnes = "million tonnes" if is_place else "billion tonnes"
    # As many decimals as the uncertainty has.
    digits = _decimals(value) if is_place else 1 if known_spread else 2
    if not is_place and abs(value) < 0.1:
        digits = 4
    verb = "released" if value >= 0 else "took up"
    if contents.emissions.is_flux:
        sentences.append(
            f"In {year}, land-use change {verb} {abs(value):,.{digits}f}{spread} {tonnes} of "
            f"carbon, net, or {abs(value) * CO2_PER_C:,.{digits}f}{co2_spread} {tonnes} of CO₂."
        )
    else:
        sentences.append(
            f"In {year}, the emissions {contents.emissions.column} were "
            f"{_signed(value, digits)} {tonnes} of carbon, or "
            f"{_signed(value * CO2_PER_C, digits)} {tonnes} of CO₂."
        )
    if contents.is_global:
        published = [p for p in contents.published if p.first_year == p.last_year == year]
        note = f"published for BLUE: {published[0].emission_pgc:.2f}" if published else ""
    else:
        note = contents.place or "of the cells in this database"
    carbon = f"{_signed(value, digits)}{spread}"
    facts.append(
        Fact(f"{emissions_title(contents.emissions)} {year}", carbon, f"{unit} C yr⁻¹", note)
    )
    co2 = _signed(value * CO2_PER_C, digits)
    facts.append(Fact("The same as CO₂", f"{co2}{co2_spread}", f"{unit} CO₂ yr⁻¹"))
    recent = years > year - _TREND_YEARS
    if recent.sum() >= 3:
        slope = float(np.polyfit(years[recent], values[recent], 1)[0]) * 10
        first = int(years[recent][0])
        level = _LEVEL_SHARE * float(np.abs(values[recent]).mean()) if is_place else _LEVEL
        digits = _decimals(slope) if is_place else 2
        if abs(slope) <= level:
            sentences.append(f"From {first} to {year}, annual emissions were level.")
        else:
            verb = "rose" if slope > 0 else "fell"
            sentences.append(
                f"From {first} to {year}, annual emissions {verb} by {abs(slope):,.{digits}f} "
                f"{tonnes} of carbon per decade."
            )
        facts.append(
            Fact(
                "Trend",
                _signed(slope, digits),
                f"{unit} C yr⁻¹ per decade",
                f"linear, {first}\N{EN DASH}{year}",
            )
        )


def _largest(contents: Contents, sentences: list[str]) -> None:
    """Name the countries with the largest emissions in the last year, and the largest sink."""
    series = contents.series
    assert series is not None
    last = int(np.flatnonzero(np.isfinite(series.emissions))[-1])
    total = float(series.emissions[last]) * 1000
    ranked = sorted(
        ((float(c.emissions[last]), c.name) for c in contents.countries if c.emissions[last] > 0),
        reverse=True,
    )[:_TOP]
    if not ranked:
        return
    unit, of_total = " million tonnes of carbon", " of the net total"
    named = []
    for value, name in ranked:
        share = f", {value / total:.0%}{of_total}" if total > 0 else ""
        named.append(f"{_spoken(name)} ({value:,.0f}{unit}{share})")
        # The first number has the units of all.
        unit = of_total = ""
    listed = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    plural = "sources were" if len(named) > 1 else "source was"
    sentences.append(f"The largest {plural} {listed}.")


def _spoken(name: str) -> str:
    """Return a name as it is spoken: the Democratic Republic of the Congo, not Congo, The ..."""
    spoken = " ".join(reversed(name.split(", ")))
    return f"the {spoken[4:]}" if spoken.startswith("The ") else spoken


def _land_use(contents: Contents, sentences: list[str], facts: list[Fact]) -> None:
    series = contents.series
    assert series is not None
    forest = series.uses["primf"] + series.uses["secdf"]
    changes = []
    span = ""
    for name, values in (("forest", forest), ("cropland", series.uses["crop"])):
        years, known = _known(series.years, values)
        if known.size < 2:
            continue
        change = float(known[-1] - known[0])
        span = f"{years[0]} and 1 January {years[-1]}"
        digits = _decimals(change)
        verb = "grew" if change >= 0 else "shrank"
        share = f" ({abs(change) / known[0]:.1%})" if known[0] > 0 else ""
        changes.append(f"{name} {verb} by {abs(change):,.{digits}f} million hectares{share}")
        facts.append(
            Fact(
                f"{name.capitalize()} {years[0]}\N{EN DASH}{years[-1]}",
                _signed(change, digits),
                "million hectares",
                f"{known[-1]:,.{_decimals(float(known[-1]))}f} on 1 January {years[-1]}",
            )
        )
    if changes:
        sentences.append(f"Between 1 January {span}, {' and '.join(changes)}.")


def _known(
    years: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    known = np.isfinite(values)
    return years[known], values[known]


def _decimals(value: float) -> int:
    """Return 0 decimals for 10 and more, and as many more as smaller values need for 2 digits."""
    if value == 0:
        return 0
    return min(max(0, 1 - math.floor(math.log10(abs(value)))), 6)


def _signed(value: float, digits: int) -> str:
    text = f"{value:+,.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")
