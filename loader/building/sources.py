"""The opened sources of a build, which share one grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from loader.building.inputs import UsualPath
from loader.building.small_tables import is_synthetic
from loader.errors import GridError
from loader.reading.recognition import cut_source, open_source
from loader.reading.static import StaticGrid, open_static
from loader.reading.window import common_window
from loader.regions.files import file_layer
from loader.schema import SOURCES, STATIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack

    import xarray as xr

    from loader.grid import Grid
    from loader.options import Options
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
        By name, in the order of loading.
    static : StaticGrid or None
    layers : tuple of Layer
        Of the files of regions.
    region_files : dict of str to str
        Files of regions by name.
    """

    gridded: dict[str, GriddedSource]
    static: StaticGrid | None = None
    layers: tuple[Layer, ...] = ()
    region_files: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> dict[str, str]:
        """Path by name."""
        paths = {name: source.path for name, source in self.gridded.items()} | self.region_files
        return paths if self.static is None else paths | {STATIC.name: self.static.path}

    @property
    def is_synthetic(self) -> bool:
        """Whether any of them is a made-up sample."""
        attributes = [source.attributes for source in self.gridded.values()]
        if self.static is not None:
            attributes.append(self.static.attributes)
        return any(map(is_synthetic, attributes))


def open_sources(
    given: Mapping[str, str | xr.Dataset], options: Options, reporter: Reporter, stack: ExitStack
) -> Sources:
    """Open all sources of a build.

    Parameters
    ----------
    given : mapping of str to (str or xarray.Dataset)
        By name, in the order of loading.
    options : Options
    reporter : Reporter
        Told what the user should know about the files.
    stack : contextlib.ExitStack
        Closes the files.

    Returns
    -------
    Sources

    Raises
    ------
    SourceError
        If one is not what it must be.
    GridError
        If their grids have no window of cells in common, or the static grid does not hold it.
    """
    sources: dict[str, GriddedSource] = {}
    for name, where in given.items():
        if name == STATIC.name:
            continue
        source = open_source(SOURCES[name], where, options.years)
        if isinstance(where, str):
            stack.callback(source.close)
        sources[name] = source
    static = open_static(given[STATIC.name]) if STATIC.name in given else None
    window = _window(list(sources.values()))
    for name, source in sources.items():
        if not source.grid.same_as(window):
            sources[name] = cut_source(source, window)
    grid = next(iter(sources.values())).grid
    if static is not None:
        static = _fitting(static, grid, given[STATIC.name], reporter)
    layers = tuple(file_layer(regions, grid) for regions in options.regions)
    for opened in (*sources.values(), static, *layers):
        for notice in opened.notices if opened is not None else ():
            reporter.notice(notice)
    return Sources(sources, static, layers, region_files(options))


def region_files(options: Options) -> dict[str, str]:
    """Return the files of regions by name, with those that a shapefile has next to it."""
    files = {}
    for regions in options.regions:
        files[f"regions/{regions.layer}"] = regions.path
        for suffix in (".dbf", ".prj") if regions.path.endswith(".shp") else ():
            companion = regions.path.removesuffix(".shp") + suffix
            if Path(companion).exists():
                files[f"regions/{regions.layer}{suffix}"] = companion
    return files


def _window(sources: Sequence[GriddedSource]) -> Grid:
    """Return the grid that all sources have in common."""
    first, *others = sources
    for other in others:
        if common_window([first.grid, other.grid]) is None:
            raise GridError(
                other.path,
                f"has another grid ({other.grid}) than {first.path} ({first.grid}); expected "
                "one grid for all sources (regrid one of them first)",
            )
    window = common_window([source.grid for source in sources])
    if window is None:
        named = ", ".join(source.path for source in sources)
        raise GridError(first.path, f"there is no single area that all of {named} cover")
    return window


def _fitting(
    static: StaticGrid, grid: Grid, given: str | xr.Dataset, reporter: Reporter
) -> StaticGrid | None:
    """Return the static grid of the cells to load; None if it is of others and nobody named it."""
    try:
        return static.cut_to(grid)
    except GridError as error:
        if not isinstance(given, UsualPath):
            raise
        reporter.notice(f"{error}; not loaded, so there are no countries")
        return None


def missing_change(sources: Mapping[str, GriddedSource]) -> tuple[str, ...]:
    """Say so when the change of the last ELUC year is unknown: its state comes a year later.

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
    found = (
        f"the states of {wanted} were not loaded, so the land-use change of {last}, the last year "
        f"of ELUC, is unknown and the view luc {ends}"
    )
    return (f"{found}. Load the states of {wanted} too, for example with --years :{wanted}.",)
