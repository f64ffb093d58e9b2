"""Follow a redirect only where the user's address could lead.

A server on the internet must not send this program to services of the user's own network, such as
the metadata service of a cloud, and none may send it to another kind of address.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urljoin, urlsplit

import requests

from loader.errors import SourceError

__all__ = ["CarefulSession"]

_INTERNET, _NETWORK, _MACHINE, _LINK = range(4)
"""Public addresses, private ones, those of this machine, and those of its link, such as the
metadata service of a cloud: a redirect may go back in this order, not on."""


class CarefulSession(requests.Session):
    """A session that checks every redirect before it follows it."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a response redirects to, if anywhere.

        Raises
        ------
        SourceError
            If it is not an address of the web, is not encrypted although this one is, or is nearer
            to this machine than this one.
        """
        target = super().get_redirect_target(resp)
        if target is not None:
            try:
                _check_redirect(str(resp.url), urljoin(str(resp.url), target))
            except SourceError:
                resp.close()
                raise
        return target


def _check_redirect(source: str, target: str) -> None:
    try:
        here, there = urlsplit(source), urlsplit(target)
        scheme, host = there.scheme.lower(), there.hostname
    except ValueError:
        scheme, host = "", None
    advice = "use that address itself if you trust it"
    if scheme not in {"http", "https"} or host is None:
        raise SourceError(source, f"redirects to {target}, which is not on the web")
    if scheme == "http" and here.scheme.lower() == "https":
        raise SourceError(source, f"redirects to {target}, which is not encrypted; {advice}")
    if _nearness(host) > _nearness(here.hostname or ""):
        problem = f"redirects to {target}, which is not a public address"
        raise SourceError(source, f"{problem}; {advice}")


def _nearness(host: str) -> int:
    """Return how near to this machine a host is: one of the constants, the nearest for several."""
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        # A proxy may know it; nothing else can reach it.
        return _INTERNET
    return max((_nearness_of(str(entry[4][0])) for entry in addresses), default=_INTERNET)


def _nearness_of(text: str) -> int:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    address = address if mapped is None else mapped
    if address.is_link_local:
        return _LINK
    if address.is_loopback or address.is_unspecified:
        return _MACHINE
    return _INTERNET if address.is_global else _NETWORK
