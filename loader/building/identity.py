"""The identity of a build: program version, options and the content of its sources."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loader._version import __version__
from loader.years import years_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from loader.options import Options
    from loader.reading.fingerprint import Fingerprint

__all__ = ["Identity"]

_UNSAID: dict[str, object] = {"tables": "stored", "materialize": []}
"""Options that a record omits if they have these default values."""


@dataclass(frozen=True)
class Identity:
    """What determines the result of a build: equal identities give equal results.

    Attributes
    ----------
    version : str
        Version of luc-load.
    options : dict of str to object
        As returned by `Options.inputs`.
    fingerprints : dict of str to (dict of str to int, or None)
        By name of the source; None for a dataset in memory, which never equals another.
    digests : dict of str to str
        By name of the source; empty until they have been computed.
    """

    version: str
    options: dict[str, Any]
    fingerprints: dict[str, dict[str, int | str] | None]
    digests: dict[str, str]

    @classmethod
    def of(cls, options: Options, fingerprints: Mapping[str, Fingerprint | None]) -> Identity:
        """Return the identity of a build that is about to begin, without digests."""
        plain = json.loads(json.dumps(options.inputs()))
        known = {name: f.as_record() if f else None for name, f in fingerprints.items()}
        return cls(__version__, plain, known, {})

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Identity | None:
        """Return the identity that `as_record` wrote, or None if the record is not valid."""
        try:
            return cls(
                str(record["version"]),
                dict(record["options"]),
                dict(record["fingerprints"]),
                dict(record["digests"]),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def as_record(self) -> dict[str, Any]:
        """Return the identity as a dict that is ready for JSON."""
        return {
            "version": self.version,
            "options": self.options,
            "fingerprints": self.fingerprints,
            "digests": self.digests,
        }

    def with_digests(self, digests: Mapping[str, str]) -> Identity:
        """Return a copy with the digests of the sources."""
        return replace(self, digests=dict(digests))

    def is_placed_as(self, other: Identity) -> bool:
        """Return whether both builds publish their Parquet dataset in the same place."""
        return bool(self.options.get("parquet") == other.options.get("parquet"))

    def placed_as(self, other: Identity) -> Identity:
        """Return a copy with the place of the Parquet dataset of another build."""
        place = {"parquet": other.options.get("parquet")}
        return replace(self, options={**self.options, **place})

    def build_id(self) -> str:
        """Return the id that equal builds share; with a dataset in memory it is unique."""
        if any(fingerprint is None for fingerprint in self.fingerprints.values()):
            return uuid.uuid4().hex[:16]
        content: dict[str, object] = {
            "version": self.version,
            # The place of the result does not affect its content.
            "options": {key: value for key, value in self.options.items() if key != "parquet"},
            "digests": self.digests,
        }
        # Objects in a store have no digest; their status in the store identifies them.
        others = {n: f for n, f in self.fingerprints.items() if n not in self.digests}
        if others:
            content["fingerprints"] = others
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def other_options(self, other: Identity) -> list[str]:
        """Return descriptions of the differences in options and version from an earlier build."""
        version = (
            [f"existing build: luc-load {other.version}; this is {self.version}"]
            if self.version != other.version
            else []
        )
        return version + [
            _difference(
                key.replace("_", "-"),
                _words(other.options.get(key, _UNSAID.get(key))),
                _words(self.options.get(key, _UNSAID.get(key))),
            )
            for key in (dict.fromkeys(other.options) | self.options)
            if other.options.get(key) != self.options.get(key)
        ]

    def differences(self, other: Identity, digest_of: Callable[[str], str]) -> list[str]:
        """Return descriptions of all differences from an earlier build.

        Parameters
        ----------
        other : Identity
            The earlier build.
        digest_of : callable
            Returns the digest of a source of this build by name; called only if the status of the
            file differs.
        """
        differences = self.other_options(other)
        if set(self.fingerprints) != set(other.fingerprints):
            have, had = (_named_files(s) for s in (self.fingerprints, other.fingerprints))
            differences.append(_difference("sources", had, have))
            return differences
        for name, now in self.fingerprints.items():
            before = other.fingerprints[name]
            same = now is not None and (
                now == before or (name in other.digests and digest_of(name) == other.digests[name])
            )
            if not same:
                differences.append(f"another {name.partition(':')[0]} file")
        return list(dict.fromkeys(differences))


def _named_files(keys: Iterable[str]) -> str:
    """Return the names of sources, with the number of files where there are several."""
    counts = Counter(key.partition(":")[0] for key in sorted(keys))
    return ", ".join(f"{name} ({n} files)" if n > 1 else name for name, n in counts.items())


def _difference(name: str, existing: str, requested: str) -> str:
    return f"existing build: {name}={existing}; requested: {name}={requested}"


def _words(value: object) -> str:
    if value is None:
        return "not given"
    text = years_text(value) if isinstance(value, list) else str(value)
    return "all" if text == ":" else text
