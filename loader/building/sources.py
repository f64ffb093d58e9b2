"""The opened sources of a build, which share one grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from loader.building.inputs import UsualPath
from loader.building.small_tables import is_synthetic
from loader.building.titles import require_distinct_emissions
from loader.errors import GridError, UsageError
from loader.reading.joining import cut_files, open_files
from loader.reading.static import StaticGrid, open_static
from loader.reading.window import box_window, common_window
from loader.reading.windowreading import window_reading
from loader.reading.years import missing_years
from loader.regions.files import file_layers
from loader.regions.layers import COUNTRY_LAYER, LUH2_COUNTRY_LAYER
from loader.schema import SOURCES, STATIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack

    from loader.box import Box
    from loader.grid import Grid
    from loader.options import Options
    from loader.reading.inputfile import InputFile
    from loader.reading.source import GriddedSource
    from loader.regions.layers import Layer
    from loader.reporting import Reporter

__all__ = ["Sources", "missing_change", "open_sources", "region_files"]


@dataclass(frozen=True)
class Sources:
    """The opened sources of a build, on one grid.

    Attributes
    ----------
    gridded : dict of str to GriddedSource
        By name, in loading order.
    static : StaticGrid or None
    layers : tuple of Layer
        Layers of the region files.
    region_files : dict of str to str
        Region files by name.
    read_cells : dict of str to int
        By name of a source that is cut: the cells that are read of each year, since chunks are
        read completely.
    """

    gridded: dict[str, GriddedSource]
    static: StaticGrid | None = None
    layers: tuple[Layer, ...] = ()
    region_files: dict[str, str] = field(default_factory=dict)
    read_cells: dict[str, int] = field(default_factory=dict)

    @property
    def paths(self) -> dict[str, str]:
        """Path of each file by its key."""
        paths = {file.key: file.path for source in self.gridded.values() for file in source.files}
        paths |= self.region_files
        return paths if self.static is None else paths | {STATIC.name: self.static.path}

    @property
    def is_synthetic(self) -> bool:
        """Whether any source is a synthetic sample."""
        attributes = [f.attributes for source in self.gridded.values() for f in source.files]
        if self.static is not None:
            attributes.append(self.static.attributes)
        return any(map(is_synthetic, attributes))


def open_sources(
    files_of: Mapping[str, Sequence[InputFile]],
    options: Options,
    reporter: Reporter,
    stack: ExitStack,
) -> Sources:
    """Open all sources of a build.

    Parameters
    ----------
    files_of : mapping of str to sequence of InputFile
        By name, in loading order.
    options : Options
    reporter : Reporter
        Receives notices about the files.
    stack : contextlib.ExitStack
        Closes the files.

    Returns
    -------
    Sources

    Raises
    ------
    SourceError
        If a source is invalid.
    GridError
        If the grids do not overlap, or the static grid does not cover the overlap.
    UsageError
        If the box of the options holds no cells.
    """
    # 1. Open the files; datasets in memory belong to the caller and are not closed.
    sources: dict[str, GriddedSource] = {}
    for name, files in files_of.items():
        if name != STATIC.name:
            sources[name] = open_files(SOURCES[name], files, options.years, options.prefer)
            stack.callback(sources[name].close)
            if sources[name].kind.has_products:
                require_distinct_emissions(sources[name])
    static = open_static(files_of[STATIC.name][0].where) if STATIC.name in files_of else None
    # 2. Cut all of them to the cells that they share, and to the box.
    read_cells = _cut(sources, options.box, reporter, stack)
    grid = next(iter(sources.values())).grid
    if static is not None:
        static = _fitting(static, grid, files_of[STATIC.name][0].where, reporter)
    # 3. Read the regions on that grid, and report what the files lack.
    layers = tuple(layer for regions in options.regions for layer in file_layers(regions, grid))
    _refuse_same_names(layers)
    for opened in (*sources.values(), static, *layers):
        for notice in opened.notices if opened is not None else ():
            reporter.notice(notice)
    for source in sources.values():
        for notice in missing_years(source.years, source.path):
            reporter.notice(notice)
    return Sources(sources, static, layers, region_files(options), read_cells)


def _cut(
    sources: dict[str, GriddedSource], box: Box | None, reporter: Reporter, stack: ExitStack
) -> dict[str, int]:
    """Cut sources, in place, to the cells that they share and to the box.

    Returns
    -------
    dict of str to int
        As `Sources.read_cells`.
    """
    read_cells: dict[str, int] = {}
    common = _window(list(sources.values()))
    window = common if box is None else box_window(common, box)
    for name, source in sources.items():
        if not source.grid.same_as(common):
            reporter.notice(
                f"{source.path}: only the cells in common with the other files are loaded "
                f"({common})"
            )
        if not source.grid.same_as(window):
            if (reading := window_reading(source, window)) is not None:
                read_cells[name] = reading.cells
                if box is not None and reading.notice is not None:
                    reporter.notice(reading.notice)
            sources[name] = cut_files(source, window)
            stack.callback(sources[name].close)
    if box is not None:
        reporter.notice(f"--bbox {box.text()}: loading {window}")
    return read_cells


def _refuse_same_names(layers: Sequence[Layer]) -> None:
    """Raise if two layers have one name: a file of several layers names them after itself."""
    names = [COUNTRY_LAYER, LUH2_COUNTRY_LAYER, *(layer.name for layer in layers)]
    for layer in layers:
        if names.count(layer.name) > 1:
            raise UsageError(
                f"--regions {layer.origin}: there are two layers named {layer.name}; rename one of "
                "the files"
            )


def region_files(options: Options) -> dict[str, str]:
    """Return the region files by name, including the companion files of shapefiles."""
    files = {}
    for regions in options.regions:
        files[f"regions/{regions.layer}"] = regions.path
        for suffix in (".dbf", ".prj") if regions.path.endswith(".shp") else ():
            companion = regions.path.removesuffix(".shp") + suffix
            if Path(companion).exists():
                files[f"regions/{regions.layer}{suffix}"] = companion
    return files


def _window(sources: Sequence[GriddedSource]) -> Grid:
    """Return the grid of the cells that all sources share."""
    first, *others = sources
    for other in others:
        if common_window([first.grid, other.grid]) is None:
            raise GridError(
                other.path,
                f"has another grid ({other.grid}) than {first.path} ({first.grid}); all sources "
                "must have the same grid: regrid one of them first",
            )
    window = common_window([source.grid for source in sources])
    if window is None:
        named = ", ".join(source.path for source in sources)
        raise GridError(
            first.path, f"no area is covered by all of {named}; expected overlapping sources"
        )
    return window


def _fitting(
    static: StaticGrid, grid: Grid, where: object, reporter: Reporter
) -> StaticGrid | None:
    """Return the static grid cut to `grid`; None if a file nobody named does not cover it."""
    try:
        return static.cut_to(grid)
    except GridError as error:
        if not isinstance(where, UsualPath):
            raise
        reporter.notice(f"{error}; the static grid is not loaded, so there are no LUH2 countries")
        return None


def missing_change(sources: Mapping[str, GriddedSource]) -> tuple[str, ...]:
    """Return a notice if the land-use change of the last ELUC year is unknown.

    The change during a year needs the state at the beginning of the next one.

    Parameters
    ----------
    sources : mapping of str to GriddedSource
        By name.

    Returns
    -------
    tuple of str
        One notice, or none.
    """
    if "eluc" not in sources or "states" not in sources:
        return ()
    eluc, states = ({int(year) for year in sources[name].years} for name in ("eluc", "states"))
    last = max(eluc)
    wanted = last + 1
    if wanted in states:
        return ()
    both = [year for year in eluc if year in states and year + 1 in states]
    ends = f"ends in {max(both)}" if both else "is empty"
    problem = (
        f"the states of {wanted} were not loaded, so the land-use change of {last}, the last year "
        f"of ELUC, is unknown and the view luc {ends}"
    )
    return (f"{problem}. Load the states of {wanted} too, for example with --years :{wanted}.",)
