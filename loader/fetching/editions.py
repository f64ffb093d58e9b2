"""The editions of the source files that are published, and what is known of each file.

Only what its publisher states is here. A file without a size or a digest is verified by its own
structure; an edition without an address for a source needs one from the user.
"""

from __future__ import annotations

from dataclasses import dataclass

from loader.errors import UsageError
from loader.schema import SOURCES, STATIC, Download

__all__ = ["DEFAULT_EDITION", "EDITIONS", "Edition", "find_edition"]

DEFAULT_EDITION = "gcb2022"

_MARYLAND = "https://luh.umd.edu/LUH2/LUH2_v2h"


@dataclass(frozen=True)
class Edition:
    """The published files of one edition.

    Attributes
    ----------
    name, title : str
    own : dict of str to Download, optional
        Files by name of the source; by default those of the registry in `loader.schema`.
    wanted : frozenset of str, optional
        Sources that are downloaded when none is named; by default those that a build looks for.
    """

    name: str
    title: str
    own: dict[str, Download] | None = None
    wanted: frozenset[str] | None = None

    @property
    def downloads(self) -> dict[str, Download]:
        """The files by name of the source; one that is missing has no known address."""
        if self.own is not None:
            return self.own
        sources = (*SOURCES.values(), STATIC)
        return {one.name: one.download for one in sources if one.download is not None}

    @property
    def default(self) -> frozenset[str]:
        """Sources that are downloaded when none is named."""
        if self.wanted is not None:
            return self.wanted
        return frozenset({*(name for name, one in SOURCES.items() if one.default), STATIC.name})


def find_edition(name: str) -> Edition:
    """Return an edition.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in EDITIONS:
        raise UsageError(f"--edition is {name!r}; expected one of {', '.join(EDITIONS)}")
    return EDITIONS[name]


def _v2h() -> Edition:
    # The server states neither sizes nor digests of these.
    names = ("states", "transitions", "management")
    downloads = {name: Download(f"{_MARYLAND}/{SOURCES[name].file}") for name in names}
    if STATIC.download is not None:
        downloads[STATIC.name] = STATIC.download
    title = "LUH2 v2h, the history for CMIP6, 850 to 2015; no emissions"
    return Edition("v2h", title, downloads, frozenset({"states", STATIC.name}))


EDITIONS: dict[str, Edition] = {
    edition.name: edition
    for edition in (
        Edition(
            DEFAULT_EDITION,
            "BLUE emissions and LUH2 of the Global Carbon Budget 2022, 850 to 2022",
        ),
        _v2h(),
    )
}
"""Every edition by its name, the default first."""
