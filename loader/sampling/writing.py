"""Write the synthetic source files, one after the other, year by year."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from loader.errors import OutputError, UsageError
from loader.folders import waiting_lock
from loader.sampling.allocation import transitions
from loader.sampling.editions import (
    DEFAULT_EDITION,
    SECONDARY_BY_HARVEST,
    SampleEdition,
    find_sample_edition,
)
from loader.sampling.emissions import Emissions
from loader.sampling.files import (
    Layout,
    YearlyFile,
    eluc_file,
    landuse_file,
    replacing,
    write_static,
)
from loader.sampling.geography import Geography, make_geography
from loader.sampling.history import History, make_history
from loader.sampling.management import Management
from loader.sampling.marks import is_synthetic, marks, matches
from loader.sampling.plain import PlainValues
from loader.sampling.schema import (
    FIRST_YEAR,
    STATES,
    STATIC_ATTRIBUTES,
    Variable,
    sample_years,
)
from loader.sampling.space import refuse_full_disk
from loader.sampling.trajectory import Rhythm, states
from loader.schema import SOURCES, STATIC, Source, listed_sources
from loader.years import Years, take_years

__all__ = ["DEFAULT_YEARS", "RESOLUTIONS", "Progress", "sample_files", "write_sample"]

RESOLUTIONS = (0.25, 0.5, 1.0, 2.0)

DEFAULT_YEARS = (1990, 2021)
"""Default years: enough to try every feature, and written in half a minute."""

Progress = Callable[[str, int, int], None]
"""Called with the source's name, the years done and the years in all."""


def sample_files() -> dict[str, str]:
    """Return the file name of every source by its name, in the order they are written."""
    return {source.name: source.file for source in (*listed_sources(), STATIC)}


def write_sample(
    directory: str | os.PathLike[str],
    *,
    years: Years = ":",
    resolution: float = 0.25,
    seed: int = 0,
    only: Collection[str] | None = None,
    edition: str = DEFAULT_EDITION,
    progress: Progress | None = None,
) -> list[Path]:
    """Write synthetic source files in exactly the real files' layout.

    The values of a year depend only on the seed, the resolution and the year, so that a file of
    few years is a part of a file of many.

    Parameters
    ----------
    directory : str or path-like
        Created if it does not exist.
    years : int, str, range, slice or (first, last)
        First and last year of the emissions, transitions and management, within 850 to 2021 (v2h:
        2014, luh3: 2499); the states reach a year further. There are no emissions before 1850. An
        open end is 1990, or 2021 (v2h: 2014).
    resolution : float
        Width of a cell in degrees: 0.25, 0.5, 1 or 2.
    seed : int
        Not negative.
    only : collection of str, optional
        Names of sources, the static grid's included; all of them by default.
    edition : {"gcb2022", "v2h", "luh3"}
        The edition of LUH2 whose layout, units and variables the land-use files have.
    progress : callable, optional
        Called after each year with (source, years done, years in all).

    Returns
    -------
    list of Path
        The files, including existing ones with the same parameters, which are not changed.

    Raises
    ------
    UsageError
        If an option is out of range, or emissions are requested for years before 1850 only.
    OutputError
        If a file that is not synthetic has the name of one, a file cannot be written, or the disk
        has no room for them.
    LandMaskError
        If the land mask cannot be read.

    Notes
    -----
    Memory does not depend on the number of years: about 0.5 GB at 0.25 degrees.

    Examples
    --------
    >>> import loader
    >>> files = loader.sample("sample", years=2015, resolution=2, only=["states"])
    >>> [file.name for file in files]
    ['states.nc']
    """
    chosen = find_sample_edition(edition)
    span = _closed(years, chosen.last_year)
    sources = _sources(span, resolution, seed, only, chosen.last_year)
    folder = Path(directory)
    files = sample_files()
    paths = {source: folder / files[source] for source in sources}

    def missing() -> list[str]:
        return [
            source
            for source, path in paths.items()
            if not matches(path, span, resolution, seed, _edition_mark(source, chosen))
        ]

    for source in missing():
        _refuse_foreign(paths[source])
    refuse_full_disk(folder, missing(), span, resolution)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created: {error.strerror}") from error
    # Two builds may need the same sample: the second one waits for the first to complete it.
    with waiting_lock(folder):
        sample = _Sample(span, resolution, seed, progress or _silent, chosen)
        for source in missing():
            sample.write(source, paths[source])
    return list(paths.values())


def _closed(years: Years, last_year: int) -> tuple[int, int]:
    """Return the first and the last year; an open end is that of the default."""
    first, last = take_years(years)
    return (
        DEFAULT_YEARS[0] if first is None else first,
        min(DEFAULT_YEARS[1], last_year) if last is None else last,
    )


def _edition_mark(source: str, edition: SampleEdition) -> str:
    """Return the mark of an edition in a file; emissions and the static grid are those of all."""
    is_landuse = source in SOURCES and not SOURCES[source].is_signed
    return edition.name if is_landuse and edition.name != DEFAULT_EDITION else ""


def _refuse_foreign(path: Path) -> None:
    if os.path.lexists(path) and not is_synthetic(path):
        raise OutputError(
            f"{path}: exists and is not marked as synthetic; a sample never replaces it. Move "
            "it away or name another directory"
        )


def _silent(source: str, done: int, total: int) -> None:
    """Report nothing."""


def _sources(
    years: tuple[int, int],
    resolution: float,
    seed: int,
    only: Collection[str] | None,
    last_year: int,
) -> list[str]:
    """Check the options; return the sources to write, in order."""
    first, last = years
    if not FIRST_YEAR <= first <= last <= last_year:
        span = f"{FIRST_YEAR} <= FIRST <= LAST <= {last_year}"
        raise UsageError(f"a sample of the years {first}:{last} is not possible; expected {span}")
    if resolution not in RESOLUTIONS:
        widths = ", ".join(f"{width:g}" for width in RESOLUTIONS)
        raise UsageError(f"the resolution {resolution:g} is not supported; expected {widths}")
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative; expected 0 or more")
    if isinstance(only, str):
        only = [only]
    files = sample_files()
    if only is not None and (unknown := sorted(set(only) - set(files))):
        known = ", ".join(files)
        raise UsageError(f"there is no source {', '.join(unknown)}; expected some of {known}")
    chosen = [source for source in files if only is None or source in only]
    # ELUC begins in 1850: earlier samples have none, unless it was asked for.
    late = {
        name: source.first_year
        for name, source in SOURCES.items()
        if name in chosen and source.first_year is not None and last < source.first_year
    }
    for name, begin in late.items():
        if only is not None:
            problem = f"{name} begins in {begin}, and the sample ends in {last}"
            raise UsageError(f"{problem}; choose a later last year, or leave out {name}")
    return [name for name in chosen if name not in late]


class _Sample:
    """One synthetic world and its files; its parts are computed when first needed."""

    def __init__(
        self,
        years: tuple[int, int],
        resolution: float,
        seed: int,
        progress: Progress,
        edition: SampleEdition,
    ) -> None:
        self._span = years
        self._edition = edition
        self._resolution = resolution
        self._seed = seed
        self._progress = progress

    def write(self, source: str, path: Path) -> None:
        """Write one source under a temporary name, then rename it."""
        writers = {
            "eluc": self._write_eluc,
            "states": self._write_states,
            "transitions": self._write_transitions,
            "management": self._write_management,
            "static": self._write_static,
        }
        with replacing(path) as temporary:
            if source in writers:
                writers[source](temporary)
            else:
                self._write_plain(SOURCES[source], temporary)
            # Writing takes minutes: a download may have created this file meanwhile.
            _refuse_foreign(path)

    @cached_property
    def _geography(self) -> Geography:
        return make_geography(self._resolution, self._seed)

    @cached_property
    def _history(self) -> History:
        return make_history(self._geography, self._seed)

    @cached_property
    def _rhythm(self) -> Rhythm:
        return Rhythm.of(self._geography, self._seed)

    def _states(self, year: int) -> npt.NDArray[np.float32]:
        return states(self._history, self._rhythm.clock(year), year)

    def _years(self, source: str) -> range:
        return sample_years(SOURCES[source], self._span)

    def _steps(self, source: str) -> Iterator[tuple[int, int]]:
        """Yield (step, year) and report each year when the caller has written it."""
        years = self._years(source)
        self._progress(source, 0, len(years))
        for step, year in enumerate(years):
            yield step, year
            self._progress(source, step + 1, len(years))

    def _attributes(self, real: dict[str, str], edition: str = "") -> dict[str, str]:
        title = {"title": f"SYNTHETIC, not data: in the form of {real['title']}"} if real else {}
        years = None if real is STATIC_ATTRIBUTES else self._span
        return real | title | marks(years, self._resolution, self._seed, edition)

    def _layout(self, source: str) -> Layout:
        edition = self._edition
        real = {} if source == "eluc" else edition.attributes
        return Layout(
            self._geography.grid,
            self._geography.cells,
            self._years(source),
            self._attributes(real, _edition_mark(source, edition)),
            edition.in_days,
            edition.has_bounds,
        )

    def _put_zeros(
        self, file: YearlyFile, step: int, variables: Sequence[Variable], *, at_sea: bool
    ) -> None:
        """Write the variables of the edition that are 0."""
        zeros = np.zeros(self._geography.cells.shape, dtype=np.float32)
        for variable in variables:
            if variable.name in self._edition.zero and at_sea:
                file.put_zero(variable.name, step)
            elif variable.name in self._edition.zero:
                file.put(variable.name, step, zeros)

    def _write_eluc(self, path: Path) -> None:
        emissions = Emissions(self._geography, self._history, self._rhythm)
        with eluc_file(path, self._layout("eluc")) as file:
            for step, year in self._steps("eluc"):
                file.put("ELUC", step, emissions.year(year))

    def _write_states(self, path: Path) -> None:
        variables = self._edition.states
        with landuse_file(path, self._layout("states"), variables) as file:
            for step, year in self._steps("states"):
                for variable, values in zip(STATES, self._states(year), strict=True):
                    file.put(variable.name, step, values)
                self._put_zeros(file, step, variables, at_sea=True)

    def _write_transitions(self, path: Path) -> None:
        world = self._geography
        variables = self._edition.transitions
        names = {variable.name for variable in variables}
        with landuse_file(path, self._layout("transitions"), variables) as file:
            before = self._states(self._span[0])
            for step, year in self._steps("transitions"):
                after = self._states(year + 1)
                for name, values in transitions(before, after, world.biomass, world.area_m2):
                    file.put(name, step, values)
                    if (same := SECONDARY_BY_HARVEST.get(name)) in names:
                        file.put(same, step, values)
                self._put_zeros(file, step, variables, at_sea=False)
                before = after

    def _write_management(self, path: Path) -> None:
        management = Management(self._geography, self._seed)
        variables = self._edition.management
        with landuse_file(path, self._layout("management"), variables) as file:
            for step, year in self._steps("management"):
                for name, values in management.variables(self._states(year), year):
                    file.put(name, step, values)

    def _write_plain(self, source: Source, path: Path) -> None:
        """Write a source for which the synthetic world has no model."""
        plain = PlainValues(self._geography, self._seed, source.name)
        variables = tuple(
            Variable(v.name, v.standard_name, v.long_name, v.units) for v in source.variables
        )
        with landuse_file(path, self._layout(source.name), variables) as file:
            for step, year in self._steps(source.name):
                for number, variable in enumerate(variables):
                    file.put(variable.name, step, plain.year(number, year))

    def _write_static(self, path: Path) -> None:
        world = self._geography
        grid = world.grid
        everywhere = {
            "ptbio": (world.biomass, 0.0),
            "fstnf": (world.forest_share >= 0.5, 0.0),
            "icwtr": (world.ice_water, 1.0),
            "ccode": (world.country, 0.0),
        }
        values: dict[str, npt.NDArray[np.generic]] = {}
        for name, (inside, outside) in everywhere.items():
            plane = np.full(grid.n_cells, outside, dtype=np.float32)
            plane[world.cells] = inside
            values[name] = plane.reshape(grid.n_lat, grid.n_lon)
        area = (grid.cell_area_ha() / 100.0).astype(np.float32)
        values["carea"] = np.repeat(area[:, None], grid.n_lon, axis=1)
        write_static(path, grid, self._attributes(STATIC_ATTRIBUTES), values)
        self._progress("static", 1, 1)
