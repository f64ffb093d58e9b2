"""Read a file of polygons as a layer of regions: GeoJSON, GeoPackage, shapefile, GeoParquet etc.

The steps: read the features, project them to longitude and latitude, lay out rings across the date
line, repair invalid ones, cover the cells of the grid.
"""

from __future__ import annotations

import operator
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loader.errors import ExtraMissingError, SourceError, SourceMissingError, UsageError, one_line
from loader.names import checked_argument
from loader.regions.coverage import Coverage, Ring, add_up, cover_cells
from loader.regions.dateline import is_wide_rectangle, lay_out_polygon
from loader.regions.layers import COUNTRY_LAYER, LUH2_COUNTRY_LAYER, Layer, Region
from loader.regions.readers import layer_readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loader.grid import Grid
    from loader.regions.readers import LayerReader

__all__ = ["RegionFile", "file_layers"]

_NAME_FIELDS = ("name", "region", "admin", "title", "label")
_CODE_FIELDS = ("iso_a3", "adm0_a3", "iso3", "gid", "hasc", "code", "id")
_SEGMENT_M = 10_000.0
"""Longest piece of an edge of a projected file before it is converted to degrees."""

_MOST_VERTICES = 20_000_000
"""Of one feature; reading it takes 0.17 kB for each."""

_SLIVER_DEG2 = 1e-12
"""Size of the slivers that repairing leaves."""


@dataclass
class _Counts:
    """Counts of features that the user should know about."""

    features: int = 0
    empty: int = 0
    repaired: int = 0
    wide: int = 0
    other_kinds: set[str] = field(default_factory=set)

    def notices(self) -> Iterator[str]:
        if self.empty:
            yield f"{self.empty} of {self.features} features have no geometry and are left out"
        if self.other_kinds:
            kinds = ", ".join(sorted(self.other_kinds))
            yield f"only polygons make regions; geometries of type {kinds} are left out"
        if self.repaired:
            yield f"{self.repaired} of {self.features} polygons were invalid and were repaired"
        if self.wide:
            yield (
                f"{self.wide} rectangles are more than 270 degrees wide and are read as drawn; "
                "if one crosses the date line, cut it there"
            )


@dataclass(frozen=True)
class RegionFile:
    """A file of polygons as the user named it.

    Attributes
    ----------
    path : str
    name_field : str or None
        The field that names the regions.
    """

    path: str
    name_field: str | None

    @classmethod
    def parse(cls, text: str | os.PathLike[str]) -> RegionFile:
        """Parse `FILE[:FIELD]`; a file whose name is the complete text has precedence.

        Raises
        ------
        SourceMissingError
            If the file does not exist.
        UsageError
            If it is not a valid name, or the layer would have the name of a built-in layer.
        """
        whole = checked_argument(text)
        file, colon, name = whole.rpartition(":")
        if not colon or not name or "/" in name or Path(whole).exists():
            file, name = whole, ""
        parsed = cls(file, name or None)
        if not Path(file).is_file():
            reason = "is not a file" if Path(file).exists() else "does not exist"
            raise SourceMissingError(file, f"{reason}; --regions takes FILE or FILE:FIELD")
        if parsed.layer in {COUNTRY_LAYER, LUH2_COUNTRY_LAYER}:
            raise UsageError(
                f"--regions {file}: a layer is named after its file, and {parsed.layer} is a "
                "built-in layer; rename the file"
            )
        return parsed

    @property
    def layer(self) -> str:
        """The name of the layer: that of the file, in lower case."""
        return _as_name(Path(self.path).name.split(".")[0]) or "regions"


def _as_name(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def file_layers(file: RegionFile, grid: Grid) -> tuple[Layer, ...]:
    """Read the layers of regions in a file of polygons.

    Parameters
    ----------
    file : RegionFile
        GeoJSON, GeoPackage, shapefile, GeoParquet, or any other format that GDAL reads. Features of
        one name are one region. Without a field, the only field names them, or one called name.
    grid : Grid
        Of the build.

    Returns
    -------
    tuple of Layer
        One, named after the file. If the file has several layers, those with polygons and a field
        that names them, each named after the file and itself.

    Raises
    ------
    ExtraMissingError
        If the extra `regions` is not installed.
    SourceError
        If the file is missing, unreadable, has no polygons, or no field that names them.
    """
    try:
        import pyogrio  # noqa: F401, PLC0415  # an extra
        import pyproj  # noqa: F401, PLC0415
        import shapely  # noqa: F401, PLC0415
    except ImportError as error:
        raise ExtraMissingError(
            f"--regions needs {error.name}; install it with pip install 'luc-load[regions]'"
        ) from error
    path = file.path
    readers = layer_readers(path)
    if len(readers) == 1:
        return (_only_layer(file, readers[0], grid),)
    # 1. Of several layers, read those that have polygons and a field that names them.
    layers, left_out = [], []
    for reader in readers:
        layer = None
        names = _name_field(reader.fields, file.name_field)
        if reader.may_have_polygons and names is not None:
            layer = _read_layer(file, f"{file.layer}_{_as_name(reader.name)}", reader, names, grid)
        if layer is None:
            left_out.append(reader.name)
        else:
            layers.append(layer)
    # 2. Report the others, or raise if there are no more.
    if not layers:
        field = f"the field {file.name_field!r}"
        if file.name_field is None:
            field = f"a field that names them (use --regions {path}:FIELD)"
        raise SourceError(
            path, f"none of its layers ({', '.join(left_out)}) has polygons and {field}"
        )
    if left_out:
        notice = f"{path}: layers without polygons or names are left out: {', '.join(left_out)}"
        layers[0] = replace(layers[0], notices=(notice, *layers[0].notices))
    return tuple(layers)


def _only_layer(file: RegionFile, reader: LayerReader, grid: Grid) -> Layer:
    """Read the only layer of a file."""
    path, listed = file.path, ", ".join(reader.fields) or "none"
    names = _name_field(reader.fields, file.name_field)
    if names is None and file.name_field is not None:
        raise SourceError(path, f"has no field {file.name_field!r}; its fields are {listed}")
    if names is None:
        raise SourceError(
            path, f"no field names the regions; use --regions {path}:FIELD. Its fields: {listed}"
        )
    layer = _read_layer(file, file.layer, reader, names, grid)
    if layer is None:
        raise SourceError(path, "has no polygons; expected areas, such as those of countries")
    return layer


def _name_field(fields: tuple[str, ...], wanted: str | None) -> str | None:
    """Return the field that names the regions: the wanted one, a usual one, or the only one."""
    if wanted is not None:
        return wanted if wanted in fields else None
    by_name = {one.lower(): one for one in fields}
    field = next((by_name[one] for one in _NAME_FIELDS if one in by_name), None)
    return field if field is not None or len(fields) != 1 else fields[0]


def _read_layer(
    file: RegionFile, layer_name: str, reader: LayerReader, names: str, grid: Grid
) -> Layer | None:
    """Read one layer, whose regions are named by the field `names`; None without polygons."""
    path = file.path
    codes = next((one for one in reader.fields if one.lower() in _CODE_FIELDS), None)
    # 1. Cover the grid feature by feature, so that the vertices of no more than one are in memory.
    to_degrees = _transform(path, reader.crs)
    counts = _Counts()
    covered: dict[str, list[Coverage]] = {}
    has_rings = False
    code_of: dict[str, str | None] = {}
    for name, code, geometry in reader.features(names, codes):
        counts.features += 1
        region = "" if name is None else str(name).strip()
        if not region:
            raise SourceError(path, f"feature {counts.features} has no name", names)
        code_of.setdefault(region, None if code is None else str(code))
        rings = list(_rings(path, region, geometry, to_degrees, counts))
        has_rings = has_rings or bool(rings)
        covered.setdefault(region, []).append(cover_cells(rings, grid))
    if not has_rings:
        return None
    # 2. Add up the features of each region.
    regions = tuple(
        Region(region, code_of[region], None, add_up(covered[region])) for region in sorted(covered)
    )
    # 3. Report what the user may not expect.
    outside = [one.name for one in regions if not len(one.coverage.cell_id)]
    notices = [*counts.notices()]
    if outside:
        more = f" and {len(outside) - 3} more" if outside[3:] else ""
        notices.append(f"no cell of the grid is inside {', '.join(outside[:3])}{more}")
    if reader.crs is None:
        notices.append("declares no coordinate system; read as degrees of longitude and latitude")
    layer = Layer(layer_name, regions, path, file=file.layer)
    if layer.overlaps(grid.n_cells):
        notices.append("regions overlap, so that the layer does not sum to the global total")
    where = path if layer_name == file.layer else f"{path}: {layer_name}"
    return replace(layer, notices=tuple(f"{where}: {notice}" for notice in notices))


def _transform(path: str, crs: str | None) -> Callable[[Any], Any]:
    """Return a function that converts a geometry of the file to degrees."""
    import pyproj  # noqa: PLC0415  # an extra
    import shapely  # noqa: PLC0415

    if crs is None:
        return lambda geometry: geometry
    try:
        system = pyproj.CRS.from_user_input(crs)
        transformer = pyproj.Transformer.from_crs(system, "OGC:CRS84", always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise SourceError(
            path, f"has a coordinate system that cannot be read: {one_line(error)}"
        ) from error
    if system.equals(pyproj.CRS("OGC:CRS84"), ignore_axis_order=True) or (
        system.is_geographic and system.to_epsg() == 4326
    ):
        return lambda geometry: geometry
    segment = None
    if system.is_projected:
        segment = _SEGMENT_M / system.axis_info[0].unit_conversion_factor

    def to_degrees(geometry: Any) -> Any:  # noqa: ANN401  # shapely's
        # A straight edge of the projection is a curve in degrees: short pieces follow it.
        pieces = geometry if segment is None else shapely.segmentize(geometry, segment)
        return shapely.transform(pieces, transformer.transform, interleaved=False)

    return to_degrees


def _rings(
    path: str,
    region: str,
    geometry: bytes | None,
    to_degrees: Callable[[Any], Any],
    counts: _Counts,
) -> Iterator[Ring]:
    """Yield the rings of one feature in degrees, laid out and valid."""
    import shapely  # noqa: PLC0415  # an extra

    shape = None if geometry is None else shapely.from_wkb(geometry)
    if shape is None or shape.is_empty:
        counts.empty += 1
        return
    if (vertices := int(shapely.get_num_coordinates(shape))) > _MOST_VERTICES:
        raise SourceError(
            path,
            f"{region}: has {vertices:,} vertices; expected at most {_MOST_VERTICES:,} in a "
            "feature: simplify it, for example with ogr2ogr -simplify 0.001",
        )
    for polygon in shapely.get_parts(to_degrees(shape), return_index=False).tolist():
        if polygon.geom_type != "Polygon":
            counts.other_kinds.add(polygon.geom_type)
            continue
        # Heights say nothing about areas: the coordinates are taken without them.
        lines = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
        try:
            rings = lay_out_polygon(lines)
        except ValueError as error:
            raise SourceError(path, f"{region}: {error}") from error
        if not rings:
            continue
        counts.wide += sum(map(is_wide_rectangle, lines))
        edge = next(ring for ring in rings if not ring.is_hole)
        parts = [edge.points, *(ring.points for ring in rings if ring.is_hole)]
        # Without jumps these are the rings of the file: a coastline of millions of vertices is not
        # built again.
        if len(lines) == len(parts) and all(map(operator.is_, lines, parts)):
            laid_out = shapely.force_2d(polygon) if polygon.has_z else polygon
        else:
            laid_out = shapely.Polygon(parts[0], parts[1:])
        if laid_out.is_valid:
            yield from rings
            continue
        counts.repaired += 1
        for part in shapely.get_parts(shapely.make_valid(laid_out)).tolist():
            yield from _valid_rings(part)


def _valid_rings(part: Any) -> Iterator[Ring]:  # noqa: ANN401  # shapely's
    if part.geom_type == "Polygon" and part.area > _SLIVER_DEG2:
        yield Ring(np.asarray(part.exterior.coords))
        for hole in part.interiors:
            yield Ring(np.asarray(hole.coords), is_hole=True)
    elif part.geom_type in {"MultiPolygon", "GeometryCollection"}:
        for piece in part.geoms:
            yield from _valid_rings(piece)
