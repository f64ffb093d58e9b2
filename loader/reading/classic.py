"""The size that a netCDF classic file must have, from its header.

The netCDF library reads the missing end of a truncated classic file as zeros, without an error, so
that a broken download would become wrong numbers.
"""

from __future__ import annotations

import math
from typing import IO

__all__ = ["CLASSIC_MAGICS", "needed_size"]

CLASSIC_MAGICS = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
"""Classic, 64-bit offset and 64-bit data."""

_DIMENSION, _VARIABLE, _ATTRIBUTE = 0x0A, 0x0B, 0x0C
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
_LONGEST = 2**31


def needed_size(file: IO[bytes]) -> int:
    """Return the least number of bytes that a classic file with this header has.

    Parameters
    ----------
    file : binary file
        At its beginning.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the header is damaged or truncated.

    Notes
    -----
    Source: the netCDF classic format specification (NetCDF User's Guide, appendix B.1).
    """
    header = _Header(file)
    records = header.count()
    if records == 2 ** (8 * header.width) - 1:
        raise ValueError("the number of records was never written")
    lengths = [header.dimension() for _ in range(header.list_length(_DIMENSION))]
    header.skip_attributes()
    fixed, recorded = [], []
    for _ in range(header.list_length(_VARIABLE)):
        dimensions, item, begin = header.variable()
        if any(d >= len(lengths) for d in dimensions):
            raise ValueError("its header is damaged")
        shape = [lengths[d] for d in dimensions]
        if shape and shape[0] == 0:
            recorded.append((begin, math.prod(shape[1:]) * item))
        else:
            fixed.append(begin + math.prod(shape) * item)
    # A lone record variable is not padded to four bytes.
    padded = [size if len(recorded) == 1 else -(-size // 4) * 4 for _, size in recorded]
    step = sum(padded)
    ends = [begin + (records - 1) * step + size for begin, size in recorded] if records else []
    return max([file.tell(), *fixed, *ends])


class _Header:
    """Reads the fields of a header one after the other."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        version = self._bytes(4)[3]
        self.width = 8 if version == 5 else 4
        self._offset_width = 4 if version == 1 else 8

    def count(self) -> int:
        return int.from_bytes(self._bytes(self.width), "big")

    def dimension(self) -> int:
        self._name()
        return self.count()

    def list_length(self, tag: int) -> int:
        actual, length = int.from_bytes(self._bytes(4), "big"), self.count()
        if actual not in {0, tag} or (actual == 0 and length):
            raise ValueError("its header is damaged")
        return length

    def skip_attributes(self) -> None:
        for _ in range(self.list_length(_ATTRIBUTE)):
            self._name()
            size = self._type_size()
            self._padded(self.count() * size)

    def variable(self) -> tuple[list[int], int, int]:
        """Return the ids of the dimensions, the bytes of a value, and where the values begin."""
        self._name()
        dimensions = [self.count() for _ in range(self._small(self.count()))]
        self.skip_attributes()
        item = self._type_size()
        self.count()
        return dimensions, item, int.from_bytes(self._bytes(self._offset_width), "big")

    def _type_size(self) -> int:
        number = int.from_bytes(self._bytes(4), "big")
        if number not in _TYPE_SIZES:
            raise ValueError("its header is damaged")
        return _TYPE_SIZES[number]

    def _name(self) -> None:
        self._padded(self.count())

    def _padded(self, size: int) -> None:
        self._bytes(-(-self._small(size) // 4) * 4)

    def _small(self, size: int) -> int:
        if size > _LONGEST:
            raise ValueError("its header is damaged")
        return size

    def _bytes(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise ValueError("it ends within its header")
        return data
