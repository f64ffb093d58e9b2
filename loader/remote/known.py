"""The addresses to which this user has published; only these are contacted for a database.

A database names the address of its Parquet dataset. The author of the file chose the address, so
contacting it would let a stranger make this machine send requests. An address is therefore
contacted only if the user named it, now or when a build published there.
"""

from __future__ import annotations

import json
from contextlib import suppress

from loader.cache import cache_directory
from loader.files import read_small, write_file
from loader.text import without_secrets

__all__ = ["is_known", "remember"]

_FILE = "published.json"


def is_known(address: object) -> bool:
    """Return whether a build of this user has published at an address."""
    return isinstance(address, str) and _bare(address) in _addresses()


def remember(address: str) -> None:
    """Record an address that the user named, without its user, password and query."""
    addresses = _addresses()
    if _bare(address) in addresses:
        return
    # A build must not fail because the home folder cannot be written.
    with suppress(OSError):
        cache_directory().mkdir(parents=True, exist_ok=True)
        data = json.dumps(sorted({*addresses, _bare(address)}), indent=1).encode()
        write_file(cache_directory() / _FILE, data, mode=0o600)


def _addresses() -> frozenset[str]:
    try:
        addresses = json.loads(read_small(cache_directory() / _FILE))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return (
        frozenset(a for a in addresses if isinstance(a, str))
        if isinstance(addresses, list)
        else frozenset()
    )


def _bare(address: str) -> str:
    return without_secrets(address).rstrip("/")
