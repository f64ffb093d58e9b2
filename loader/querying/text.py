"""Write an answer for people: aligned columns, or a table of Markdown."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from loader.querying.formats import plain_text, python_rows
from loader.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MarkdownSink", "TableSink"]

_LONGEST = 60
"""Characters of a text on a terminal; a longer one ends in an ellipsis."""

_ROWS_THAT_DECIDE = 1000
"""Rows that decide how wide columns are, and how many decimals they have."""

_NO_QUANTITY = re.compile(r"(^|_)(id|year|decade|code)$")
"""Names of whole numbers that are no quantities: digits without separators."""

_GAP = "  "


@dataclass(frozen=True)
class _Style:
    """How the values of a column are written."""

    is_number: bool
    grouped: bool = False
    decimals: int | None = None

    def text(self, value: Any) -> str:  # noqa: ANN401  # whatever SQL gives
        if value is None:
            return "-"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | Decimal):
            return format(value, "," if self.grouped else "")
        if isinstance(value, float):
            fixed = self.decimals is not None and math.isfinite(value)
            return format(value, f",.{self.decimals}f" if fixed else ".7g")
        return printable(plain_text(value))


def _style(name: str, kind: pa.DataType, values: Sequence[Any]) -> _Style:
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return _Style(is_number=True, grouped=not _NO_QUANTITY.search(name.lower()))
    if not pa.types.is_floating(kind):
        return _Style(is_number=False)
    finite = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0]
    figures = 7 if kind.bit_width <= 32 else 10
    if finite and (max(finite) >= 1e12 or min(finite) < 1e-5):
        return _Style(is_number=True)
    return _Style(is_number=True, decimals=max([_decimals(v, figures) for v in finite], default=0))


def _styles(schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> list[_Style]:
    """Return the style of every column, by the rows that decide."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return [
        _style(field.name, field.type, values)
        for field, values in zip(schema, columns, strict=True)
    ]


def _decimals(value: float, figures: int) -> int:
    """Return how many decimals a value has, of the figures that mean something; 6 at most."""
    shown = f"{float(f'{value:.{figures}g}'):.6f}"
    return len(shown.partition(".")[2].rstrip("0"))


class TableSink:
    """Aligned columns: numbers to the right, NULL as `-`.

    Parameters
    ----------
    file : binary file
    schema : pyarrow.Schema
    width : int, optional
        Characters of a line; columns that do not fit are left out, long texts cut short.

    Attributes
    ----------
    left_out : list of str
        Names of the columns that did not fit.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, width: int | None = None) -> None:
        self._file = file
        self._schema = schema
        self._width = width
        self._waiting: list[tuple[Any, ...]] = []
        self._styles: list[_Style] | None = None
        self._widths: list[int] = []
        self._shown: list[int] = []
        self.left_out: list[str] = []

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        self._waiting.extend(python_rows(rows))
        if self._styles is not None or len(self._waiting) >= _ROWS_THAT_DECIDE:
            self._flush()

    def close(self) -> None:
        """Write what is held back."""
        self._flush()

    def _flush(self) -> None:
        if self._styles is None:
            self._decide(self._waiting[:_ROWS_THAT_DECIDE])
        assert self._styles is not None
        for row in self._waiting:
            self._line(self._texts(row))
        self._waiting = []

    def _decide(self, rows: list[tuple[Any, ...]]) -> None:
        self._styles = _styles(self._schema, rows)
        names = [printable(name) for name in self._schema.names]
        texts = [self._texts(row) for row in rows]
        self._widths = [
            max(len(name), *(len(text[k]) for text in texts)) if texts else len(name)
            for k, name in enumerate(names)
        ]
        self._shown = self._that_fit()
        self.left_out = [name for k, name in enumerate(names) if k not in self._shown]
        self._line(names)

    def _texts(self, row: Sequence[Any]) -> list[str]:
        assert self._styles is not None
        texts = [style.text(value) for style, value in zip(self._styles, row, strict=True)]
        if self._width is None:
            return texts
        return [t if len(t) <= _LONGEST else f"{t[: _LONGEST - 1]}…" for t in texts]

    def _that_fit(self) -> list[int]:
        """Return the columns to show: all, or as many of the first ones as the line holds."""
        count = len(self._widths)
        if self._width is None or sum(self._widths) + len(_GAP) * (count - 1) <= self._width:
            return list(range(count))
        room, shown = self._width, 0
        for width in self._widths:
            room -= width + len(_GAP)
            if room < -len(_GAP):
                break
            shown += 1
        return list(range(max(shown, 1)))

    def _line(self, texts: Sequence[str]) -> None:
        assert self._styles is not None
        parts = [
            texts[k].rjust(self._widths[k])
            if self._styles[k].is_number
            else texts[k].ljust(self._widths[k])
            for k in self._shown
        ]
        self._file.write(f"{_GAP.join(parts).rstrip()}\n".encode())


class MarkdownSink:
    """A table of Markdown, values written as in `TableSink`."""

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._file = file
        self._schema = schema
        self._styles: list[_Style] | None = None

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        values = list(python_rows(rows))
        self._begin(values)
        assert self._styles is not None
        for row in values:
            self._line([s.text(v) for s, v in zip(self._styles, row, strict=True)])

    def close(self) -> None:
        """Write the head of a table without rows."""
        self._begin([])

    def _begin(self, rows: list[tuple[Any, ...]]) -> None:
        if self._styles is not None:
            return
        self._styles = _styles(self._schema, rows[:_ROWS_THAT_DECIDE])
        self._line([printable(name) for name in self._schema.names])
        rule = ["--:" if style.is_number else "---" for style in self._styles]
        self._file.write(f"| {' | '.join(rule)} |\n".encode())

    def _line(self, texts: Sequence[str]) -> None:
        cells = [text.replace("\\", "\\\\").replace("|", "\\|") for text in texts]
        self._file.write(f"| {' | '.join(cells)} |\n".encode())
