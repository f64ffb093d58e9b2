"""Text for people: sizes, durations, and nothing that drives a terminal or lets others in."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "human_bytes",
    "human_seconds",
    "listed",
    "printable",
    "shown",
    "shown_lines",
    "without_secrets",
]

_LISTED = 3
"""Names that a message gives; of more, it gives the first one and counts the rest."""

_NAMES = (
    r"[\w.-]*(?:secret|passw(?:or)?d|passwd|pwd|token|signature|credential|api[_-]?key|access[_-]?key"
    r"|account[_-]?key|private[_-]?key|connection[_-]?string)[\w.-]*"
)
"""Names of parameters and fields whose values let others in."""

_SHORT_NAMES = "sig|sas|key|auth"
"""The same, but only in the query of an address and as fields: elsewhere they are words."""


def _compiled(*rules: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), new) for pattern, new in rules)


_IN_ADDRESSES = _compiled(
    # User and password; then a password with a slash in it, which differs from a port.
    (r"(?<=://)[^/@\s:\[]*:[^/\s]*@", ""),
    (r"(?<=://)[^/@\s:\[]*:(?!\d*(?:[/\s?#]|$))\S*?@", ""),
    # A user alone, but not a container of Azure.
    (r"\b((?!abfss?:)[a-z][a-z0-9+.-]*://)[^/@\s]*@", r"\1"),
    # The query; in other schemes a question mark belongs to the name.
    (r"\b((?:https?|abfss?|az)://[^\s?]*)\?\S*?(?=[:;,.)]?(?:\s|$))", r"\1?..."),
)
_IN_MESSAGES = _compiled(
    (r"(?<![\w/:.-])[^\s/@:'\"()=]+:[^\s/@'\"]+@(?=[\w\[])", ""),
    (r"\b(authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer|digest)\s+)[^\s'\",]+", r"\1..."),
    (
        rf"(['\"](?:{_NAMES}|{_SHORT_NAMES})['\"]\s*[:=]\s*)(?:'[^']*'|\"[^\"]*\")",
        r"\1...",
    ),
    (
        rf"((?:[?&](?:{_SHORT_NAMES})|(?<![\w.-])(?:{_NAMES}))=)(?:'[^']*'|\"[^\"]*\"|[^\s&;,'\")]+)",
        r"\1...",
    ),
)
"""What is removed, in this order, and what takes its place."""


def human_bytes(count: float) -> str:
    """Return a size in decimal units, with three digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= 1000
    return f"{count:.3g} TB"


def human_seconds(seconds: float) -> str:
    """Return a duration as a person would say it."""
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def listed(names: Sequence[str]) -> str:
    """Return the names of files for a message.

    Examples
    --------
    >>> listed(["a.nc", "b.nc"])
    'a.nc, b.nc'
    >>> listed(["a.nc", "b.nc", "c.nc", "d.nc"])
    'a.nc and 3 more files'
    """
    if len(names) <= _LISTED:
        return ", ".join(names)
    return f"{names[0]} and {len(names) - 1} more files"


def printable(text: str) -> str:
    """Return a text in one line in which no character acts on a terminal or on other text.

    Written out are all control characters (with ESC, tabs and line ends), line and paragraph
    separators, the marks that change the direction of text, surrogates and unassigned characters.
    """
    return "".join(
        c.encode("unicode_escape").decode()
        if unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"}
        else c
        for c in text
    )


def without_secrets(address: str) -> str:
    """Return an address, or a text with addresses, without user, password and query.

    A query may be signed; that of an object store's address is part of its name. The path of a
    local file stays as it is.

    Examples
    --------
    >>> without_secrets("https://me:key@example.org/states.nc?X-Amz-Signature=abc: is gone")
    'https://example.org/states.nc?...: is gone'
    """
    for pattern, replacement in _IN_ADDRESSES:
        address = pattern.sub(replacement, address)
    return address


def shown(text: str) -> str:
    """Return a message in one line, as it may reach a terminal or a log.

    Control characters are written out, and secrets are removed: those of addresses, and the values
    of headers, parameters and fields with names such as ``password`` or ``X-Amz-Signature``.

    Examples
    --------
    >>> shown("GET /states.nc?sig=abc&sv=2020 with {'secret': 'xyz'}")
    "GET /states.nc?sig=...&sv=2020 with {'secret': ...}"
    """
    text = without_secrets(text)
    for pattern, replacement in _IN_MESSAGES:
        text = pattern.sub(replacement, text)
    return printable(text)


def shown_lines(text: str) -> str:
    """Return a text of several lines, such as a traceback, each as `shown` returns it."""
    return "\n".join(map(shown, text.split("\n")))
