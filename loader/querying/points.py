"""Read places by name, latitude and longitude from a CSV file or from rows of Python."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.errors import SourceError, SourceMissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    Points = str | os.PathLike[str] | pd.DataFrame | Iterable[Mapping[str, Any]]

__all__ = ["Point", "read_points"]

STDIN = "-"

_NAMES = ("name", "city", "place", "location", "site", "station", "town", "label", "title", "id")
"""Headers of the name, the most explicit first; without any, places are named by coordinates."""

_LATITUDES = frozenset({"lat", "latitude", "y"})
_LONGITUDES = frozenset({"lon", "long", "lng", "longitude", "x"})
_UNITS = ("degrees", "degree", "deg", "decimal", "dd", "wgs84", "north", "east")
"""Words that headers append: lat_deg, Latitude (degrees north)."""

_DELIMITERS = ",;\t|"
_COORDINATE = re.compile(
    r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*°?\s*([NSEW])?", re.IGNORECASE
)
_EXPECTED = "expected columns such as name,latitude,longitude"


@dataclass(frozen=True)
class Point:
    """A place.

    Attributes
    ----------
    name : str
    latitude, longitude : float
        Degrees north and east.
    """

    name: str
    latitude: float
    longitude: float


def read_points(points: Points) -> list[Point]:
    """Return places, in order.

    Parameters
    ----------
    points : path, DataFrame, or iterable of mappings
        A CSV file, its columns separated by commas, semicolons, tabs or bars; "-" is standard
        input. Of the columns, one is called lat, latitude or y, another one lon, long, lng,
        longitude or x, and a third one name, city or the like. A DataFrame or rows have the same
        columns. Latitudes and longitudes are degrees: 51.5, -0.127 or 0.127 W.

    Raises
    ------
    SourceMissingError
        If the file does not exist.
    SourceError
        If it is not UTF-8, has no such columns, or a line has no valid coordinates; the message
        names the line.
    UsageError
        The same for rows that are not from a file.
    """
    if isinstance(points, str | os.PathLike):
        path = os.fspath(points)
        return _read_file("standard input" if path == STDIN else path, _content(path))
    try:
        header, rows = _rows_of(points)
        return _places(header, rows, "points", decimal_comma=False)
    except SourceError as error:
        raise UsageError(str(error)) from error


def _content(path: str) -> str:
    try:
        data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except FileNotFoundError as error:
        raise SourceMissingError(path, "there is no such CSV file of places") from error
    except OSError as error:
        raise SourceError(path, f"cannot be read ({error.strerror})") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(path, f"line {line} is not UTF-8 text; save the file as UTF-8") from error


def _read_file(path: str, text: str) -> list[Point]:
    """Parse the text of a CSV file."""
    first = next((line for line in text.splitlines() if _is_content(line)), "")
    # The delimiter is the one that splits the header most: names of columns contain none.
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    rows: list[tuple[str, list[str]]] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
                continue
            if header is None:
                header = row
            else:
                rows.append((f"line {reader.line_num}", row))
    except csv.Error as error:
        raise SourceError(path, f"line {reader.line_num} is not CSV ({error})") from error
    if header is None:
        raise SourceError(path, f"is empty; {_EXPECTED}")
    return _places(header, rows, path, decimal_comma=delimiter != ",")


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _rows_of(points: Any) -> tuple[list[str], list[tuple[str, list[Any]]]]:  # noqa: ANN401  # see Points
    """Return header and rows of a DataFrame or of mappings."""
    if hasattr(points, "columns") and hasattr(points, "itertuples"):
        header = [str(name) for name in points.columns]
        values: list[Sequence[Any]] = list(points.itertuples(index=False, name=None))
    else:
        mappings = list(points)
        if not all(hasattr(one, "keys") for one in mappings):
            raise UsageError(
                "points is not a path, a DataFrame or rows; expected rows such as "
                "{'name': 'London', 'latitude': 51.507, 'longitude': -0.127}"
            )
        header = list(dict.fromkeys(str(key) for one in mappings for key in one))
        values = [[one.get(key) for key in header] for one in mappings]
    return header, [(f"row {k}", list(row)) for k, row in enumerate(values, start=1)]


def _places(
    header: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Any]]],
    where: str,
    *,
    decimal_comma: bool,
) -> list[Point]:
    # 1. Which columns are which.
    keys = [_key(name) for name in header]
    if header and all(_COORDINATE.fullmatch(str(cell).strip()) for cell in header[-2:]):
        raise SourceError(where, f"has no header; {_EXPECTED}")
    latitude = _only_column(where, header, keys, _LATITUDES, "latitude")
    longitude = _only_column(where, header, keys, _LONGITUDES, "longitude")
    name = next((keys.index(one) for one in _NAMES if one in keys), None)
    if not rows:
        raise SourceError(where, "has a header but no places")
    # 2. Each row, with its line in messages.
    places = []
    for line, row in rows:
        if len(row) != len(header):
            raise SourceError(
                where, f"{line} has {len(row)} columns, and the header has {len(header)}"
            )
        lat, lon = (
            _degrees(where, line, row[column], kind, decimal_comma=decimal_comma)
            for column, kind in ((latitude, "latitude"), (longitude, "longitude"))
        )
        _check_place(where, line, lat, lon)
        text = "" if name is None or row[name] is None else str(row[name]).strip()
        places.append(Point(text or f"{lat:g} {lon:g}", lat, lon))
    return places


def _key(header: str) -> str:
    """Return a header in lower case, without units: "Latitude (deg N)" and "lat_dd" are known."""
    plain = re.sub(r"[(\[].*?[)\]]", "", header).strip().lower()
    words = [word for word in re.split(r"[\W_]+", plain) if word]
    while len(words) > 1 and words[-1] in _UNITS:
        words.pop()
    return "_".join(words)


def _only_column(
    where: str, header: Sequence[str], keys: Sequence[str], wanted: frozenset[str], what: str
) -> int:
    columns = [position for position, key in enumerate(keys) if key in wanted]
    if len(columns) == 1:
        return columns[0]
    if columns:
        both = " and ".join(header[column].strip() for column in columns)
        raise SourceError(where, f"has several columns of a {what} ({both}); keep one")
    listed = ", ".join(one.strip() for one in header)
    raise SourceError(where, f"has no column of the {what}; {_EXPECTED}. Its columns: {listed}")


def _degrees(where: str, line: str, value: Any, what: str, *, decimal_comma: bool) -> float:  # noqa: ANN401  # a cell
    """Return a coordinate in degrees, positive north and east."""
    text = "" if value is None else str(value).strip()
    if not text or text.lower() in {"nan", "na", "none", "null"}:
        raise SourceError(where, f"{line} has no {what}")
    # As spreadsheets write numbers: a typographic minus sign, a decimal comma.
    plain = text.replace("\N{MINUS SIGN}", "-")
    if decimal_comma and "." not in plain:
        plain = plain.replace(",", ".")
    match = _COORDINATE.fullmatch(plain)
    if not match:
        raise SourceError(
            where, f"{line}: {what} {text!r} is not a number of degrees, such as 51.507 or 0.127 W"
        )
    # As people write coordinates: 0.127 W, or a sign, but not both.
    degrees, side = float(match[1]), (match[2] or "").upper()
    if side and side not in ("NS" if what == "latitude" else "EW"):
        raise SourceError(
            where, f"{line}: {what} is {text}; latitude and longitude look swapped in this line"
        )
    if side and degrees < 0:
        raise SourceError(where, f"{line}: {what} {text!r} has both a sign and a letter")
    return -degrees if side in {"S", "W"} else degrees


def _check_place(where: str, line: str, latitude: float, longitude: float) -> None:
    if not -90 <= latitude <= 90:
        hint = "; latitude and longitude look swapped" if -90 <= longitude <= 90 else ""
        raise SourceError(where, f"{line}: latitude {latitude:g} is outside -90..90{hint}")
    if not -180 <= longitude <= 360:
        raise SourceError(where, f"{line}: longitude {longitude:g} is outside -180..360")
