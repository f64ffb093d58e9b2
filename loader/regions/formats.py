"""Recognise files of polygons that lead GDAL elsewhere, before it opens them.

GDAL recognises a format by the content, whatever the name of the file. Some formats hold no
polygons but say where they are: in other files, on a web server, in a database.
"""

from __future__ import annotations

import os
from pathlib import Path

from loader.errors import SourceError
from loader.files import open_regular

__all__ = ["refuse_indirect"]

_HEAD = 2**16
"""Bytes; GDAL looks for the names of formats in 1024, and in some thousand of JSON."""

_INDIRECT = (b"OGRVRTDataSource", b"OGRWFSDataSource", b"WFS_Capabilities", b"VRTDataset")
_XML = (b"<kml", b"gml")
"""What the two formats of polygons that are XML have in their root."""


def refuse_indirect(path: str) -> None:
    """Raise if a file of polygons is one that refers to other places.

    Parameters
    ----------
    path : str

    Raises
    ------
    SourceError
    """
    try:
        with os.fdopen(open_regular(Path(path)), "rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise SourceError(path, f"cannot be read ({error.strerror or error})") from error
    # UTF-16 has a zero in every other byte.
    text = head.replace(b"\0", b"").lower()
    is_xml = text.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
    if any(name.lower() in text for name in _INDIRECT) or (
        is_xml and not any(name in text for name in _XML)
    ):
        raise SourceError(
            path, "holds no polygons but refers to others; write these to a GeoJSON or GeoPackage"
        )
