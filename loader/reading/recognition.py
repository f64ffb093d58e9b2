"""Open a source and understand its layout: which dimensions, which years, which variables."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.errors import GridError, SourceError
from loader.reading.centres import read_grid
from loader.reading.coordinates import Dimensions, find_dimensions
from loader.reading.decoding import decoded_variable
from loader.reading.fluxes import flux_columns
from loader.reading.missing import valid_limits
from loader.reading.opening import open_undecoded
from loader.reading.planes import read_coordinate
from loader.reading.sourcefile import Layout, SourceFile, name_of_dataset
from loader.reading.units import HECTARE, require_unit
from loader.reading.window import part_of
from loader.reading.years import calendar_years
from loader.schema import ELUC, RESERVED, Source, Variable
from loader.years import years_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from loader.grid import Grid

__all__ = ["AREA", "cut_source", "is_computed_with", "open_source"]

AREA = "cell_area"
"""The variable on (latitude, longitude) that an ELUC file may hold: areas of cells."""

_FRACTION = "1"


def open_source(
    kind: Source,
    given: str | xr.Dataset,
    years: tuple[int | None, int | None] = (None, None),
    window: Grid | None = None,
    key: str = "",
    product: str = "",
) -> SourceFile:
    """Open a source and understand its layout; no data values are read.

    Parameters
    ----------
    kind : Source
        The kind of source that the file must be.
    given : str or xarray.Dataset
        A local path, or a dataset that the caller opened, which is not changed or closed.
    years : tuple of (int or None, int or None)
        First and last year to load, both included.
    window : Grid, optional
        The part of the file's grid to load; all of it by default.
    key : str, optional
        Key of the file in fingerprints and digests; the name of the source by default.
    product : str, optional
        The column of a further ELUC product.

    Returns
    -------
    SourceFile

    Raises
    ------
    SourceError
        If the file is missing or unreadable, or its grid, years or variables are not those of
        this kind of source.
    """
    if isinstance(given, str):
        path, dataset = given, open_undecoded(given)
    else:
        path, dataset = name_of_dataset(given, kind), given
    try:
        source = _understand(kind, path, dataset, years, product)
        is_foreign = not isinstance(given, str)
        source = replace(source, key=key, is_foreign=is_foreign)
        return source if window is None else cut_source(source, window)
    except BaseException:
        if isinstance(given, str):
            dataset.close()
        raise


def cut_source(source: SourceFile, window: Grid) -> SourceFile:
    """Return a source that is restricted to a part of the grid.

    Parameters
    ----------
    source : SourceFile
        Stays open: both read from the same file.
    window : Grid

    Returns
    -------
    SourceFile

    Raises
    ------
    GridError
        If the grid of the source does not hold all of the window, or it is less than two cells
        wide or high.
    """
    part = part_of(source.grid, window)
    if part is None:
        raise GridError(source.path, f"its grid ({source.grid}) does not hold all of {window}")
    dims, layout = source.layout.dimensions, source.layout
    rows = np.isin(layout.rows.in_file(source.grid.n_lat), part.rows)
    columns = np.isin(layout.columns.in_file(source.grid.n_lon), part.columns)
    chosen = {dims.latitude: _positions(rows), dims.longitude: _positions(columns)}
    # The cut dataset is read like a file of its own, so all that follows from it is right.
    dataset = source.dataset.isel(chosen)
    dataset.set_close(source.dataset.close)
    years = int(source.years[0]), int(source.years[-1])
    cut = _understand(source.kind, source.path, dataset, years, source.product)
    return replace(
        cut,
        window=cut.grid,
        key=source.key,
        is_foreign=source.is_foreign,
        notices=source.notices,
    )


def _positions(chosen: npt.NDArray[np.bool_]) -> slice | npt.NDArray[np.int64]:
    """Return the positions that are chosen, as a slice where they are consecutive."""
    positions = np.flatnonzero(chosen)
    first, last = int(positions[0]), int(positions[-1])
    return slice(first, last + 1) if last - first + 1 == len(positions) else positions


def _understand(
    kind: Source,
    path: str,
    dataset: xr.Dataset,
    wanted: tuple[int | None, int | None],
    product: str,
) -> SourceFile:
    dims = find_dimensions(dataset, path)
    assert dims.time is not None
    # 1. Where: the nominal grid, and how the file's rows and columns map to it.
    grid, rows, file_columns = read_grid(dataset, dims, path)
    # 2. When: the calendar years, in ascending order, cut to the years to load.
    axis = dataset.variables[dims.time]
    all_years = calendar_years(
        read_coordinate(dataset, dims.time, path),
        axis.attrs.get("units"),
        axis.attrs.get("calendar"),
        path,
        dims.time,
    )
    order = np.argsort(all_years, kind="stable")
    first, last = wanted
    inside = (all_years[order] >= (-32768 if first is None else first)) & (
        all_years[order] <= (32767 if last is None else last)
    )
    positions = order[inside].astype(np.int64)
    years = all_years[positions]
    if not years.size:
        span = f"{all_years.min()} to {all_years.max()}"
        raise SourceError(
            path,
            f"--years {years_text(wanted)} matches none of its years ({span}); choose others",
            dims.time,
        )
    # 3. What: the variables, how to decode them, and whether their units are the expected ones.
    columns = flux_columns(dataset, dims, product) if kind.has_products else {}
    by_name, notices = _find_variables(kind, path, dataset, dims, columns)
    stored = {name: decoded_variable(v, path, name) for name, v in by_name.items()}
    variables = tuple(_describe(kind, name, dataset, columns) for name in by_name)
    _require_units(kind, path, dataset, variables)
    return SourceFile(
        kind=kind,
        path=path,
        dataset=dataset,
        grid=grid,
        years=years,
        variables=variables,
        chunk_shape=_chunk_shape(next(iter(by_name.values())), dims),
        notices=tuple(notices),
        layout=Layout(dims, rows, file_columns, positions, stored, _limits(by_name)),
        product=product,
    )


def _find_variables(
    kind: Source, path: str, dataset: xr.Dataset, dims: Dimensions, columns: dict[str, str]
) -> tuple[dict[str, xr.Variable], list[str]]:
    """Return the variables to load, singleton dimensions dropped, in the file's order.

    `columns` are those of emissions by name in the file; empty for other sources.
    """
    required = {dims.time, dims.latitude, dims.longitude}
    known = set(columns) or {variable.name for variable in kind.variables}
    by_name: dict[str, xr.Variable] = {}
    notices: list[str] = []
    left_out: list[str] = []
    # 1. Sort the variables on the grid into those to load and those to leave out.
    for key, variable in dataset.variables.items():
        name = str(key)
        further = [d for d in variable.dims if d not in required]
        if not required.issubset(variable.dims):
            continue
        wide = [d for d in further if variable.sizes[d] > 1]
        if name in known or (kind.extras and not wide and variable.dtype.kind in "iuf"):
            if wide:
                sizes = ", ".join(f"{d} {variable.sizes[d]}" for d in wide)
                raise SourceError(path, f"has further dimensions ({sizes}); select one first", name)
            if further:
                notices.append(f"{path}: {name}: dropped the dimension {further[0]} of length 1")
            by_name[name] = variable.isel(dict.fromkeys(further, 0)) if further else variable
        else:
            left_out.append(name)
    # 2. Raise if there is too little.
    missing = sorted((set(columns) or kind.required) - by_name.keys())
    if missing:
        raise _missing_variables(kind, path, missing, dataset)
    if not by_name:
        expected = f"expected variables on (time, latitude, longitude) of {kind.title}"
        raise SourceError(path, f"holds nothing to load; {expected}")
    _check_names(path, {name: columns.get(name, name) for name in by_name})
    # 3. Named columns come in the order of their names.
    if columns:
        by_name = {name: by_name[name] for name in columns}
    if left_out:
        notices.append(f"{path}: not loaded: {', '.join(sorted(left_out))}")
    return by_name, notices


def _limits(by_name: dict[str, xr.Variable]) -> dict[str, tuple[float, float]]:
    limits = {name: valid_limits(variable) for name, variable in by_name.items()}
    return {name: both for name, both in limits.items() if both is not None}


def _missing_variables(
    kind: Source, path: str, missing: list[str], dataset: xr.Dataset
) -> SourceError:
    """Return the error for a file without variables that the views compute with."""
    names = [str(name) for name in dataset.variables]
    count = len(kind.required)
    if len(missing) < count:
        problem = f"has {count - len(missing)} of the {count} variables of {kind.title} that the "
        problem += f"views compute with; it lacks {', '.join(missing)}"
    else:
        problem = f"has no variable {', '.join(missing)} on (time, latitude, longitude)"
    # A name that is another known variable is not a misspelling.
    known = {variable.name for variable in kind.variables} - set(missing)
    near = {
        name
        for wanted in missing
        for name in (
            *difflib.get_close_matches(wanted, names, n=2),
            *(n for n in names if n.lower() == wanted.lower()),
        )
        if name not in known
    }
    if near:
        return SourceError(path, f"{problem}; it has {', '.join(sorted(near))}: rename them")
    expected = f"expected the complete file of {kind.title} ({kind.file})"
    return SourceError(path, f"{problem}; {expected}")


def _check_names(path: str, columns: Mapping[str, str]) -> None:
    """Raise if two variables, by name, have the same column."""
    seen = dict.fromkeys(RESERVED, "a column of luc-load's own")
    for name, column in columns.items():
        if column.lower() in seen:
            clash = seen[column.lower()]
            problem = f"its name is the same column as {clash} (case does not count)"
            raise SourceError(path, f"{problem}; rename or drop one", name)
        seen[column.lower()] = f"the variable {name}"


def _describe(kind: Source, name: str, dataset: xr.Dataset, columns: dict[str, str]) -> Variable:
    """Return a variable with its published attributes, or the file's if it is an extra one.

    Its unit is the file's, unless the views compute with the variable.
    """
    attributes = dataset.variables[name].attrs
    units = str(attributes.get("units", ""))
    # Every product of emissions must be in the unit of the first, however the file spells it.
    if columns.get(name, ELUC.column) != ELUC.column:
        units = ELUC.units
    # A known variable has the published attributes; one that no view computes with keeps its unit.
    for known in kind.variables:
        if columns.get(name) == known.column:
            return replace(known, name=name)
        if known.name == name and not columns:
            return (
                known
                if is_computed_with(kind, name)
                else replace(known, units=units or known.units)
            )
    return Variable(
        name,
        columns.get(name, name),
        units,
        str(attributes.get("long_name", "")),
        str(attributes.get("standard_name", "")),
    )


def is_computed_with(kind: Source, name: str) -> bool:
    """Return whether views compute with a variable, which then needs one particular unit."""
    return name in kind.required | kind.computed


def _require_units(
    kind: Source, path: str, dataset: xr.Dataset, variables: tuple[Variable, ...]
) -> None:
    """Raise if a variable that the views compute with is in another unit."""
    needed = [
        replace(v, units=v.units if v.name in kind.required or kind.has_products else _FRACTION)
        for v in variables
        if is_computed_with(kind, v.name) or kind.has_products
    ]
    if kind.has_area and AREA in dataset.variables:
        needed.append(Variable(AREA, AREA, HECTARE))
    for variable in needed:
        require_unit(variable, dataset.variables[variable.name].attrs.get("units"), path)


def _chunk_shape(variable: xr.Variable, dims: Dimensions) -> tuple[int, int, int]:
    """Return the extent of a stored chunk along (time, latitude, longitude).

    A contiguous variable is treated as chunked along its first dimension, which varies slowest.
    """
    if variable.chunks is not None:
        stored = {d: max(sizes) for d, sizes in zip(variable.dims, variable.chunks, strict=True)}
    else:
        preferred = variable.encoding.get("preferred_chunks") or {}
        slowest = {variable.dims[0]: 1}
        stored = {d: preferred.get(d, slowest.get(d, n)) for d, n in variable.sizes.items()}
    assert dims.time is not None
    time, latitude, longitude = (
        int(min(stored[d], variable.sizes[d])) for d in (dims.time, dims.latitude, dims.longitude)
    )
    return time, latitude, longitude
