"""Write a result for people: aligned columns, or a Markdown table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from loader.numbers import (
    DIGITS_OF_DOUBLE,
    DIGITS_OF_REAL,
    GROUPED_FROM,
    grouped_from,
    number_text,
)
from loader.querying.sinks import plain_text, python_rows
from loader.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MarkdownSink", "TableSink"]

_LONGEST = 60
"""Characters of a text on a terminal; a longer one ends in an ellipsis."""

_ROWS_THAT_DECIDE = 1000
"""Rows that decide how wide columns are. A later value may be wider, but is printed in full."""

_FILLED = 6
"""Decimals up to which a column is filled with zeros, so that its values have as many; further
decimals are those of a value of its own."""

_GAP = "  "


@dataclass(frozen=True)
class _Style:
    """How the values of a column are written.

    Attributes
    ----------
    is_number : bool
        Numbers are aligned at their decimal point.
    is_float : bool
    digits : int
        Significant digits of a float.
    decimals : int
        Decimals of a float at least.
    separated_from : float
        Numbers of this size and larger have separators.
    """

    is_number: bool
    is_float: bool = False
    digits: int = DIGITS_OF_DOUBLE
    decimals: int = 0
    separated_from: float = GROUPED_FROM

    def text(self, value: Any) -> str:  # noqa: ANN401  # whatever SQL gives
        if value is None:
            return "-"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float | Decimal):
            return number_text(value, self.digits, self.decimals, self.separated_from)
        return printable(plain_text(value))


def _style(kind: pa.DataType) -> _Style:
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    is_float = pa.types.is_floating(kind)
    is_real = is_float and kind.bit_width <= 32
    return _Style(is_number, is_float, DIGITS_OF_REAL if is_real else DIGITS_OF_DOUBLE)


def _with_separators(
    styles: Sequence[_Style], names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> list[_Style]:
    """Return the styles of columns, each of which decides where its numbers have separators."""
    return [
        replace(style, separated_from=grouped_from(name, (row[k] for row in rows)))
        if style.is_number
        else style
        for k, (style, name) in enumerate(zip(styles, names, strict=True))
    ]


def _fraction(text: str) -> int:
    """Return how many characters a number has from its decimal point on."""
    point = text.find(".")
    return len(text) - point if point >= 0 and "e" not in text else 0


class TableSink:
    """Aligned columns: numbers at their decimal points, NULL as `-`.

    Parameters
    ----------
    file : binary file
    schema : pyarrow.Schema
    width : int, optional
        Characters in a line. Columns that do not fit are left out, and long texts truncated.

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
        self._styles = [_style(field.type) for field in schema]
        self._has_begun = False
        self._fractions: list[int] = []
        self._widths: list[int] = []
        self._shown: list[int] = []
        self.left_out: list[str] = []

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        self._waiting.extend(python_rows(rows))
        if self._has_begun or len(self._waiting) >= _ROWS_THAT_DECIDE:
            self._flush()

    def close(self) -> None:
        """Write the buffered rows."""
        self._flush()

    def _flush(self) -> None:
        if not self._has_begun:
            self._begin(self._waiting[:_ROWS_THAT_DECIDE])
        for row in self._waiting:
            self._line(self._aligned(self._texts(row)))
        self._waiting = []

    def _begin(self, rows: list[tuple[Any, ...]]) -> None:
        """Decide the widths of the columns and write their names."""
        self._has_begun = True
        names = [printable(name) for name in self._schema.names]
        self._styles = _with_separators(self._styles, names, rows)
        texts = [self._texts(row) for row in rows]
        self._styles = [
            replace(
                style, decimals=min(max((_fraction(t[k]) for t in texts), default=1) - 1, _FILLED)
            )
            if style.is_float and any(_fraction(t[k]) for t in texts)
            else style
            for k, style in enumerate(self._styles)
        ]
        texts = [self._texts(row) for row in rows]
        # First the width after the decimal point, then that of the values aligned by it.
        self._fractions = [
            max((_fraction(text[k]) for text in texts), default=0) if style.is_number else 0
            for k, style in enumerate(self._styles)
        ]
        aligned = [self._aligned(text) for text in texts]
        self._widths = [
            max([len(name), *(len(text[k]) for text in aligned)]) for k, name in enumerate(names)
        ]
        self._shown = self._that_fit()
        self.left_out = [name for k, name in enumerate(names) if k not in self._shown]
        self._line(names)

    def _texts(self, row: Sequence[Any]) -> list[str]:
        texts = [style.text(value) for style, value in zip(self._styles, row, strict=True)]
        if self._width is None:
            return texts
        return [
            text if style.is_number or len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
            for style, text in zip(self._styles, texts, strict=True)
        ]

    def _aligned(self, texts: Sequence[str]) -> list[str]:
        """Pad numbers on the right so that their decimal points are aligned."""
        return [
            text + " " * (room - _fraction(text)) if style.is_number else text
            for style, text, room in zip(self._styles, texts, self._fractions, strict=True)
        ]

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
        parts = [
            texts[k].rjust(self._widths[k])
            if self._styles[k].is_number
            else texts[k].ljust(self._widths[k])
            for k in self._shown
        ]
        self._file.write(f"{_GAP.join(parts).rstrip()}\n".encode())


class MarkdownSink:
    """A Markdown table, values written as in `TableSink`.

    Parameters
    ----------
    file : binary file
    schema : pyarrow.Schema
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._file = file
        self._names = [printable(name) for name in schema.names]
        self._waiting: list[tuple[Any, ...]] = []
        self._has_begun = False
        self._styles = [_style(field.type) for field in schema]
        self._line(self._names)
        rule = ["--:" if style.is_number else "---" for style in self._styles]
        self._file.write(f"| {' | '.join(rule)} |\n".encode())

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        self._waiting.extend(python_rows(rows))
        if self._has_begun or len(self._waiting) >= _ROWS_THAT_DECIDE:
            self._flush()

    def close(self) -> None:
        """Write the buffered rows."""
        self._flush()

    def _flush(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            first = self._waiting[:_ROWS_THAT_DECIDE]
            self._styles = _with_separators(self._styles, self._names, first)
        for row in self._waiting:
            self._line([s.text(v) for s, v in zip(self._styles, row, strict=True)])
        self._waiting = []

    def _line(self, texts: Sequence[str]) -> None:
        cells = [text.replace("\\", "\\\\").replace("|", "\\|") for text in texts]
        self._file.write(f"| {' | '.join(cells)} |\n".encode())
