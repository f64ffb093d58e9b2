"""Matplotlib, which only the pictures need: the extra `plot`."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from loader.errors import ExtraMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["require_matplotlib", "styled"]

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
    "font.size": 9.0,
    "axes.titlesize": 11.0,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.parse_math": False,  # names of columns may hold a dollar
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "svg.hashsalt": "luc-load",
    "svg.fonttype": "path",
}


def require_matplotlib(what: str) -> None:
    """Raise if matplotlib is not installed.

    Parameters
    ----------
    what : str
        What needs it, for the message.

    Raises
    ------
    ExtraMissingError
    """
    if find_spec("matplotlib") is None:
        raise ExtraMissingError(f'{what} needs matplotlib: pip install "luc-load[plot]"')


@contextmanager
def styled(ink: str = "#1a1a1a") -> Iterator[None]:
    """Draw with luc-load's settings, whatever the user's are; `ink` is the colour of text."""
    import matplotlib as mpl  # noqa: PLC0415  # an extra

    colours: dict[Any, Any] = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink
    )
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, **colours})
        yield
