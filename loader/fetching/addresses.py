"""Where the source files are published, with their sizes and digests where those are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urlsplit

from loader.errors import UsageError
from loader.schema import SOURCES, STATIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["REMOTES", "Remote", "choose"]

_ZENODO = "https://zenodo.org/api/records/15556812/files"
_MARYLAND = "http://luh.umd.edu/LUH2"
_BLUE = "https://syncandshare.lrz.de/dl/fiAuJz5VFgsEJ1E96mthCT/Data_GCB2022"
_COMMITTED = "BLUE_LUH2-GCB2022_ELUC-committed_gridded_net_1850-2021.nc"
_DIGEST = re.compile(r"(md5|sha256)=([0-9a-fA-F]+)")
_DIGITS = {"md5": 32, "sha256": 64}


@dataclass(frozen=True)
class Remote:
    """A file to fetch.

    Attributes
    ----------
    name : str
        Of the source: the option that overrides its address.
    url : str
        http or https.
    file : str
        The name under which it is stored, which is the one that a build looks for.
    size : int, optional
        Bytes, where published.
    digest : str, optional
        "md5:<hexadecimal>" or "sha256:<hexadecimal>", where published.
    """

    name: str
    url: str
    file: str
    size: int | None = None
    digest: str | None = None


REMOTES: dict[str, Remote] = {
    remote.name: remote
    for remote in (
        Remote("eluc", f"{_BLUE}/{SOURCES['eluc'].file}", SOURCES["eluc"].file),
        Remote(
            "states",
            f"{_ZENODO}/states4.nc/content",
            SOURCES["states"].file,
            6_657_587_367,
            "md5:411ef3d657c3108942954c895f658a17",
        ),
        # Zenodo has this one too, 19.9 GB, under a name that is not known here.
        Remote(
            "transitions", f"{_MARYLAND}/LUH2_GCB_2022/transitions.nc", SOURCES["transitions"].file
        ),
        Remote(
            "management",
            f"{_ZENODO}/management4.nc/content",
            SOURCES["management"].file,
            2_172_626_928,
            "md5:4b8a2090876f410c6573e47f441566dc",
        ),
        Remote(
            STATIC.name,
            f"{_MARYLAND}/LUH2_v2h/{STATIC.file}",
            STATIC.file,
            931_242,
            "md5:110211fdfd0f85044d203e9c71114165",
        ),
    )
}
"""Sources: the BLUE group's share at LRZ; Zenodo record 10.5281/zenodo.15556812 with its sizes and
digests; the University of Maryland's own server, as of LUH2-GCB2022 and LUH2 v2h (static)."""


def choose(
    given: Mapping[str, str | None], only: str | Sequence[str] | None, *, everything: bool
) -> list[Remote]:
    """Return what to fetch, in the order of `REMOTES`.

    Parameters
    ----------
    given : mapping of str to str or None
        Addresses that replace the usual ones, by name of the source. An address may end in
        "#md5=<hexadecimal>" or "#sha256=<hexadecimal>", which the file is then verified against.
    only : str or sequence of str, optional
        Names of sources, as a sequence or separated by commas.
    everything : bool
        All sources.

    Raises
    ------
    UsageError
        If a name or an address is not valid.
    """
    if only is not None:
        words = only.split(",") if isinstance(only, str) else only
        names = {word.strip() for word in words if word.strip()}
        unknown = sorted(names - set(REMOTES))
        if unknown or not names:
            found = ", ".join(unknown) or "nothing"
            raise UsageError(f"--only names {found}; expected any of {', '.join(REMOTES)}")
    elif everything:
        names = set(REMOTES)
    else:
        names = {name for name, url in given.items() if url is not None} | {
            name for name, source in SOURCES.items() if source.default
        }
        # Less than a megabyte, and without it there are no countries.
        names.add(STATIC.name)
    return [_address(remote, given.get(name)) for name, remote in REMOTES.items() if name in names]


def _address(usual: Remote, given: str | None) -> Remote:
    if given is None:
        return usual
    url, fragment = urldefrag(given.strip())
    try:
        parts = urlsplit(url)
        is_web = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise UsageError(f"--{usual.name} is {given!r}; expected an http or https address")
    digest = None
    if fragment:
        match = _DIGEST.fullmatch(fragment)
        if not match or len(match[2]) != _DIGITS[match[1]]:
            raise UsageError(
                f"--{usual.name}: {fragment!r} after the # is not a digest; use md5= and 32 "
                "hexadecimal digits, or sha256= and 64"
            )
        digest = f"{match[1]}:{match[2].lower()}"
    # The file name is how a build knows committed emissions: another quantity than the ordinary.
    is_committed = usual.name == "eluc" and "committed" in PurePosixPath(unquote(parts.path)).name
    return Remote(usual.name, url, _COMMITTED if is_committed else usual.file, None, digest)
