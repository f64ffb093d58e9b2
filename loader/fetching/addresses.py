"""The addresses of the published source files, with their sizes and digests where known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urlsplit

from loader.errors import UsageError
from loader.fetching.editions import DEFAULT_EDITION, find_edition
from loader.schema import STATIC, Download, listed_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Remote", "choose", "usual_remotes"]

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
        The name under which it is stored and that a build looks for.
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


def usual_remotes(edition: str = DEFAULT_EDITION) -> dict[str, Remote]:
    """Return the published file of every source, by its name, in the order of help texts.

    The address is empty if the edition has none: then the user must name one.

    Raises
    ------
    UsageError
        If there is no such edition.
    """
    downloads = find_edition(edition).downloads
    return {
        source.name: Remote(source.name, known.url, source.file, known.size, known.digest)
        for source in (*listed_sources(), STATIC)
        for known in [downloads.get(source.name, Download(""))]
    }


def choose(
    urls: Mapping[str, str | None],
    only: str | Sequence[str] | None,
    *,
    everything: bool,
    edition: str = DEFAULT_EDITION,
) -> list[Remote]:
    """Return the files to fetch, in the order of `usual_remotes`.

    Parameters
    ----------
    urls : mapping of str to str or None
        Addresses that replace the usual ones, by name of the source. An address may end in
        "#md5=<hexadecimal>" or "#sha256=<hexadecimal>", which the file is then verified against.
    only : str or sequence of str, optional
        Names of sources, as a sequence or separated by commas.
    everything : bool
        All sources whose address is known.
    edition : str
        Name of the edition that has the usual addresses.

    Raises
    ------
    UsageError
        If a name or an address is not valid, or no address is known.
    """
    remotes = usual_remotes(edition)
    if only is not None:
        words = only.split(",") if isinstance(only, str) else only
        names = {word.strip() for word in words if word.strip()}
        unknown = sorted(names - set(remotes))
        if unknown or not names:
            problem = ", ".join(unknown) or "nothing"
            raise UsageError(f"--only names {problem}; expected any of {', '.join(remotes)}")
    elif everything:
        names = {name for name, remote in remotes.items() if remote.url or urls.get(name)}
    else:
        # The static grid too: less than a megabyte, and without it there are no LUH2 countries.
        names = {name for name, url in urls.items() if url is not None}
        names |= find_edition(edition).default
    chosen = [_address(remote, urls.get(name)) for name, remote in remotes.items() if name in names]
    for remote in chosen:
        if not remote.url:
            raise UsageError(
                f"no address is known for {remote.name}; name one with --{remote.name} URL "
                f"(edition {edition})"
            )
    return chosen


def _address(usual: Remote, address: str | None) -> Remote:
    if address is None:
        return usual
    url, fragment = urldefrag(address.strip())
    try:
        parts = urlsplit(url)
        is_web = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise UsageError(f"--{usual.name} is {address!r}; expected an http or https address")
    digest = None
    if fragment:
        match = _DIGEST.fullmatch(fragment)
        if not match or len(match[2]) != _DIGITS[match[1]]:
            raise UsageError(
                f"--{usual.name}: {fragment!r} after the # is not a digest; use md5= and 32 "
                "hexadecimal digits, or sha256= and 64"
            )
        digest = f"{match[1]}:{match[2].lower()}"
    # A build recognises committed emissions, which are another quantity, by the file name.
    is_committed = usual.name == "eluc" and "committed" in PurePosixPath(unquote(parts.path)).name
    return Remote(usual.name, url, _COMMITTED if is_committed else usual.file, None, digest)
