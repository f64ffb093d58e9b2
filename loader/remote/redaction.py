"""What of an address may be written down."""

from __future__ import annotations

import re

__all__ = ["without_secrets"]


def without_secrets(address: str) -> str:
    """Return an address as it may be written down: without user, password and signed query.

    Examples
    --------
    >>> without_secrets("https://me:key@example.org/states.nc?X-Amz-Signature=abc")
    'https://example.org/states.nc?...'
    """
    bare = re.sub(r"(?<=://)[^/@]*@", "", address)
    return re.sub(r"(https?://[^?#]*)[?#].*", r"\1?...", bare)
