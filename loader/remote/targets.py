"""Validate the destinations of a build: a local folder, or an address that can be written."""

from __future__ import annotations

import os
from pathlib import Path

from loader.errors import UsageError
from loader.remote.stores import is_address
from loader.text import without_secrets

__all__ = ["checked_targets"]

_READ_ONLY = {"http", "https", "github", "gist", "git", "data", "reference", "tar", "zip"}
"""Schemes of fsspec that read only, or cannot replace one file of many."""

_EXPECTED = "expected a folder of an object store, such as s3://bucket/prefix"


def checked_targets(
    out: str | os.PathLike[str], parquet: str | os.PathLike[str] | None, tables: str = "stored"
) -> tuple[str, str | None]:
    """Return `--out` and `--parquet` as text, the address without a slash at its end.

    Parameters
    ----------
    out : path
    parquet : path or None
    tables : {"stored", "views"}
        Views read the Parquet files of a local folder.

    Raises
    ------
    UsageError
        If an address is read-only, or the two options contradict each other.
    """
    target = os.fspath(out)
    if is_address(target):
        _refuse_read_only("--out", target, "or a local one")
    if tables == "views" and (is_address(target) or parquet is not None):
        raise UsageError(
            "--tables views needs local Parquet files, which the database reads; leave "
            "--parquet out and name a local folder with --out, or use --tables stored"
        )
    if parquet is None:
        return target, None
    address = os.fspath(parquet).rstrip("/")
    if is_address(target):
        raise UsageError(
            f"--out {without_secrets(target)} uploads the Parquet dataset with the database; "
            "leave --parquet out, or name a local folder with --out"
        )
    if not is_address(address):
        default = "leave it out to write the dataset to OUT/parquet"
        raise UsageError(f"--parquet is {address!r}; {_EXPECTED}, or file:///folder, or {default}")
    _refuse_read_only("--parquet", address, "or leave it out to write the dataset to OUT/parquet")
    scheme, _, rest = address.partition("://")
    if scheme in {"file", "local"} and Path(rest).resolve().is_relative_to(Path(target).resolve()):
        raise UsageError(f"--parquet is {address}, inside --out; name a folder elsewhere")
    return target, address


def _refuse_read_only(option: str, address: str, otherwise: str) -> None:
    scheme, argument = address.partition("://")[0], f"{option} is {without_secrets(address)}"
    expected = f"{_EXPECTED}, {otherwise}"
    if "::" in scheme:
        raise UsageError(f"{argument}, one file system in another; {expected}")
    if scheme in _READ_ONLY:
        raise UsageError(f"{argument}, but {scheme}:// is read-only; {expected}")
