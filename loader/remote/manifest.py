"""The manifest of an address: the published build, its files, and earlier builds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loader.names import checked_name, checked_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Manifest", "build_folder", "parse_names", "render_names"]


def build_folder(build_id: str) -> str:
    """Return the folder of a build below its address.

    Raises
    ------
    ValueError
        If the id is not a valid name of a build.
    """
    return f"builds/{checked_name(build_id)}"


@dataclass(frozen=True)
class Manifest:
    """What is published at an address.

    Attributes
    ----------
    build_id : str
        The published build.
    files : mapping of str to int
        Sizes of its files in bytes, by name relative to the folder of the build.
    replaces : str or None
        The build that was published before.
    others : mapping of str to frozenset of str
        Files of the builds that luc-load published before and that may still be there, by build.
        Nothing else is ever deleted.
    """

    build_id: str
    files: Mapping[str, int]
    replaces: str | None = None
    others: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """Read a manifest.

        Raises
        ------
        ValueError
            If luc-load did not write it, or a name in it is outside its folder.
        """
        try:
            record = json.loads(data)
            files = {checked_path(file["path"]): int(file["size"]) for file in record["files"]}
            replaces = record.get("replaces")
            others = {
                checked_name(other["build_id"]): frozenset(map(checked_path, other["files"]))
                for other in record.get("others", [])
            }
            build_id = checked_name(record["build_id"])
        except (LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise ValueError("not a manifest of luc-load's") from error
        if not files:
            raise ValueError("a manifest without files")
        return cls(build_id, files, None if replaces is None else checked_name(replaces), others)

    def render(self) -> bytes:
        """Return the manifest in the format that `parse` reads."""
        record: dict[str, Any] = {
            "build_id": self.build_id,
            "folder": build_folder(self.build_id),
            "files": [{"path": name, "size": size} for name, size in sorted(self.files.items())],
            "replaces": self.replaces,
            "others": [
                {"build_id": build_id, "files": sorted(names)}
                for build_id, names in sorted(self.others.items())
            ],
        }
        return json.dumps(record, indent=1).encode() + b"\n"


def parse_names(data: bytes, build_id: str) -> frozenset[str]:
    """Parse the names of the files of an upload; empty if the record is of another build."""
    try:
        record = json.loads(data)
        if record["build_id"] != build_id:
            return frozenset()
        return frozenset(map(checked_path, record["files"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        return frozenset()


def render_names(build_id: str, names: Iterable[str]) -> bytes:
    """Return names of files in the format that `parse_names` reads."""
    return json.dumps({"build_id": build_id, "files": sorted(names)}, indent=1).encode() + b"\n"
