"""Read the features of a file of polygons: what GDAL reads, and GeoParquet with pyarrow.

Features are read a few hundred at a time, so that memory does not grow with the file.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from loader.errors import SourceError, one_line
from loader.regions.formats import refuse_indirect

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LayerReader", "layer_readers"]

_FEATURES_AT_ONCE = 200
_BYTES_AT_ONCE = 16 * 2**20
"""Fewer features are read at once if they are large: a coastline has millions of vertices."""

_PARQUET = frozenset({".parquet", ".geoparquet", ".pq"})
_MAY_HAVE_POLYGONS = re.compile("Polygon|Unknown|Collection|Surface")
"""Geometry types that GDAL gives for layers in which there may be polygons."""


class LayerReader(Protocol):
    """The features of one layer of a file.

    Attributes
    ----------
    name : str
        Of the layer, as the file has it.
    fields : tuple of str
        The attributes of features.
    crs : str or None
        The coordinate system; None if the file declares none.
    may_have_polygons : bool
        Whether the declared type of its geometries allows polygons.
    """

    name: str
    fields: tuple[str, ...]
    crs: str | None
    may_have_polygons: bool

    def features(self, names: str, codes: str | None) -> Iterator[tuple[Any, Any, bytes | None]]:
        """Yield name, code and geometry of each feature."""


def layer_readers(path: str) -> list[LayerReader]:
    """Return a reader for each layer of a file; other formats than GeoPackage usually have one.

    Raises
    ------
    SourceError
        If the file cannot be read, or has no layers.
    """
    if Path(path).suffix.lower() in _PARQUET:
        return [_GeoParquet(path)]
    import pyogrio  # noqa: PLC0415  # an extra

    refuse_indirect(path)
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SourceError(path, f"cannot be read as polygons: {one_line(error)}") from error
    if not names:
        raise SourceError(path, "has no layers; expected polygons")
    return [_GdalLayer(path, name) for name in names]


def _features_at_once(path: str, count: int) -> int:
    """Return how many features are read at once; `count` is below 0 if it is not known."""
    size = max(1, Path(path).stat().st_size)
    return max(1, min(_FEATURES_AT_ONCE, max(count, 1) * _BYTES_AT_ONCE // size))


def _unreadable(path: str, start: int, error: Exception) -> SourceError:
    """Return the error of a file whose features cannot be read to the end."""
    return SourceError(path, f"features after number {start} cannot be read: {one_line(error)}")


class _GdalLayer:
    """Features of a layer that GDAL reads."""

    def __init__(self, path: str, layer: str) -> None:
        import pyogrio  # noqa: PLC0415  # an extra

        self._path = path
        self.name = layer
        try:
            info = pyogrio.read_info(path, layer=layer)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise SourceError(path, f"cannot be read as polygons: {one_line(error)}") from error
        self.may_have_polygons = bool(_MAY_HAVE_POLYGONS.search(str(info["geometry_type"])))
        self.fields = tuple(str(name) for name in info["fields"])
        self._at_once = _features_at_once(path, int(info["features"]))
        self.crs: str | None = info["crs"]

    def features(self, names: str, codes: str | None) -> Iterator[tuple[Any, Any, bytes | None]]:
        """Yield name, code and geometry of each feature."""
        import pyarrow as pa  # noqa: PLC0415  # with the next
        import pyogrio.raw  # noqa: PLC0415  # an extra

        columns = [names] if codes in {None, names} else [names, str(codes)]
        start = 0
        try:
            # One pass over the file: skipping features reads a GeoJSON file again from its start.
            with pyogrio.raw.open_arrow(
                self._path,
                layer=self.name,
                columns=columns,
                batch_size=self._at_once,
                use_pyarrow=True,
            ) as (meta, batches):
                geometries = meta["geometry_name"] or "wkb_geometry"
                for batch in batches:
                    rows = batch.to_pydict()
                    code = rows[columns[-1]] if codes is not None else [None] * batch.num_rows
                    yield from zip(rows[names], code, rows[geometries], strict=True)
                    start += batch.num_rows
        except (
            pyogrio.errors.DataSourceError,
            pa.ArrowException,
            ValueError,
            RuntimeError,
        ) as error:
            raise _unreadable(self._path, start, error) from error


class _GeoParquet:
    """Features of a GeoParquet file: a column of well-known binary."""

    def __init__(self, path: str) -> None:
        import pyarrow as pa  # noqa: PLC0415  # with the next
        import pyarrow.parquet as pq  # noqa: PLC0415  # read by few builds

        self._path = path
        self.name = Path(path).stem
        self.may_have_polygons = True
        try:
            self._file = pq.ParquetFile(path)
            metadata = json.loads((self._file.schema_arrow.metadata or {}).get(b"geo", b"null"))
        except (pa.ArrowException, OSError, ValueError, RecursionError) as error:
            raise SourceError(path, f"cannot be read as GeoParquet: {one_line(error)}") from error
        try:
            self._geometry = str(metadata["primary_column"])
            column = metadata["columns"][self._geometry]
        except (KeyError, TypeError) as error:
            raise SourceError(
                path, "is Parquet without geometries; expected GeoParquet, with its key 'geo'"
            ) from error
        if column.get("encoding") != "WKB":
            raise SourceError(path, "has geometries that are not WKB; write it with encoding WKB")
        # Without a key crs the standard means longitude and latitude; null means unknown.
        crs = column.get("crs", "OGC:CRS84")
        self.crs: str | None = json.dumps(crs) if isinstance(crs, dict) else crs
        self._at_once = _features_at_once(path, self._file.metadata.num_rows)
        self.fields = tuple(
            str(one.name)
            for one in self._file.schema_arrow
            if not pa.types.is_nested(one.type) and not pa.types.is_binary(one.type)
        )

    def features(self, names: str, codes: str | None) -> Iterator[tuple[Any, Any, bytes | None]]:
        """Yield name, code and geometry of each feature."""
        import pyarrow as pa  # noqa: PLC0415  # with the file

        columns = list(dict.fromkeys([names, codes or names, self._geometry]))
        start = 0
        try:
            for batch in self._file.iter_batches(self._at_once, columns=columns):
                rows = batch.to_pydict()
                code = rows[codes] if codes is not None else [None] * batch.num_rows
                yield from zip(rows[names], code, rows[self._geometry], strict=True)
                start += batch.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(self._path, start, error) from error
