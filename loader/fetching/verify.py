"""Check that a download is netCDF: its first bytes, then the complete file."""

from __future__ import annotations

import hashlib
import html
import re
from typing import TYPE_CHECKING

from loader.errors import OutputError, SourceError
from loader.reading.headers import NETCDF_MAGICS, is_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loader.fetching.addresses import Remote

__all__ = ["look_at_beginning", "look_at_whole", "refuse_other_file"]

_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_BYTES_AT_ONCE = 2**20


def look_at_beginning(url: str, head: bytes, content_type: str) -> None:
    """Raise if the first bytes are not those of netCDF, before gigabytes are stored.

    Parameters
    ----------
    url : str
    head : bytes
        At least the first 8 bytes, or all of them.
    content_type : str

    Raises
    ------
    SourceError
        If they are not; the message describes what the server sent instead.
    """
    if head.startswith(NETCDF_MAGICS):
        return
    expected = "expected a netCDF file: use another address"
    if is_page(head) or "html" in content_type.lower():
        title = _TITLE.search(head)
        words = html.unescape(title[1].decode(errors="replace")) if title else ""
        description = f" ({' '.join(words.split())[:80]})" if words.strip() else ""
        raise SourceError(url, f"sends a web page{description}; {expected}")
    if not head:
        raise SourceError(url, f"sends an empty file; {expected}")
    kind = f" of type {content_type}" if content_type else ""
    raise SourceError(url, f"sends a file{kind} that begins with {head[:8]!r}; {expected}")


def look_at_whole(path: Path) -> str | None:
    """Return why a file is not valid netCDF, or None; a truncated file does not open."""
    from loader.reading.opening import open_undecoded  # noqa: PLC0415  # xarray is slow to import

    try:
        open_undecoded(str(path)).close()
    except SourceError as error:
        return f"sent a file that {str(error).removeprefix(f'{path}: ')}"
    return None


def refuse_other_file(
    remote: Remote, path: Path, advanced: Callable[[int, int | None], None]
) -> str | None:
    """Return the MD5 of a file that exists already; None if it need not be digested.

    Raises
    ------
    OutputError
        If it is not the file that would be downloaded: it is never overwritten.
    """
    from loader.sampling.marks import is_synthetic  # noqa: PLC0415  # h5py is slow to import

    way_out = "move it, or choose another --out"
    if not path.is_file():
        raise OutputError(f"{path}: is not a regular file; {way_out}")
    if is_synthetic(path):
        raise OutputError(f"{path}: is a synthetic sample, not the real file; {way_out}")
    # The size is compared first, because a digest reads the whole file.
    size = path.stat().st_size
    if remote.size is not None and size != remote.size:
        raise OutputError(
            f"{path}: exists already with {size:,} bytes, but the published file has "
            f"{remote.size:,}; {way_out}"
        )
    try:
        if remote.digest is None:
            wrong = look_at_whole(path)
            actual = None
        else:
            kind, _, digits = remote.digest.partition(":")
            actual = _digest(path, kind, advanced)
            wrong = None if actual == digits else f"its {kind} is {actual}; expected {digits}"
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror}); {way_out}") from error
    if wrong is not None:
        description = wrong.removeprefix("sent a file that ")
        raise OutputError(f"{path}: exists already, but {description}; {way_out}")
    return actual if remote.digest is not None and remote.digest.startswith("md5") else None


def _digest(path: Path, kind: str, advanced: Callable[[int, int | None], None]) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    total, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while data := file.read(_BYTES_AT_ONCE):
            digest.update(data)
            done += len(data)
            advanced(done, total)
    return digest.hexdigest()
