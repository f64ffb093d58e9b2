"""Text for people: sizes, durations, and nothing that drives a terminal or lets others in."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["human_bytes", "human_seconds", "printable", "shown", "without_secrets"]


def human_bytes(count: float) -> str:
    """Return a size in decimal units, three figures."""
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


def printable(text: str) -> str:
    """Return a text in one line, control characters written out: none may reach a terminal."""
    return "".join(
        c if unicodedata.category(c)[0] != "C" else c.encode("unicode_escape").decode()
        for c in text
    )


def without_secrets(text: str) -> str:
    """Return a text whose addresses have no user, no password and no query, which may be signed.

    Examples
    --------
    >>> without_secrets("https://me:key@example.org/states.nc?X-Amz-Signature=abc: is gone")
    'https://example.org/states.nc?...: is gone'
    """
    bare = re.sub(r"(?<=://)[^/@\s]*@", "", text)
    return re.sub(r"(https?://[^\s?]*)\?\S*?(?=[:;,.)]?(?:\s|$))", r"\1?...", bare)


def shown(text: str) -> str:
    """Return a message in one line, as it may reach a terminal or a log."""
    return printable(without_secrets(text))
