"""What a build left, here or in a store, to be compared with what another one left."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from loader.storing.database import connect_read_only, digest_of_table

__all__ = ["digest", "fetch", "parts"]


def fetch(fs: Any, place: str, folder: Path) -> Path:  # noqa: ANN401
    """Fetch what the manifest at a place of a store names."""
    manifest = json.loads(fs.cat_file(f"{place}/luc-load.json"))
    for file in manifest["files"]:
        target = folder / file["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        fs.get_file(f"{place}/{manifest['folder']}/{file['path']}", str(target))
        assert target.stat().st_size == file["size"]
    return folder


def parts(out: Path, table: str) -> dict[str, str]:
    """Return the digest of every part of a table."""
    found = sorted((out / "parquet" / table).glob("*.parquet"))
    assert found
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def digest(out: Path, table: str) -> object:
    """Return the digest of a table's rows in the database."""
    con = connect_read_only(out / "luc.duckdb")
    try:
        return digest_of_table(con, table)
    finally:
        con.close()
