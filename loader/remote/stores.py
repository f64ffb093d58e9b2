"""Object stores and servers through fsspec: open addresses and translate errors.

Nothing here opens a connection for a path without a scheme.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loader.errors import (
    ExtraMissingError,
    LucLoadError,
    ServiceError,
    SourceError,
    SourceMissingError,
    UsageError,
    one_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Status",
    "Store",
    "causes",
    "is_address",
    "is_lost",
    "lost_store",
    "parse_storage_options",
    "status_of",
    "store_of",
    "translated",
    "using_storage_options",
]

_EXTRAS = {
    **dict.fromkeys(("s3", "s3a"), ("s3", "s3fs")),
    **dict.fromkeys(("gs", "gcs"), ("gcs", "gcsfs")),
    **dict.fromkeys(("http", "https"), ("http", "aiohttp")),
}
"""By scheme: the extra of luc-load, and the package that fsspec needs."""

_CONNECT_SECONDS, _READ_SECONDS = 10, 60

_REQUEST_SECONDS = 900
"""For one range of a file, because a very slow server never exceeds the other two."""

_CLIENTS = ("aiohttp", "botocore", "aiobotocore", "gcsfs", "google")
"""Packages whose errors mean a lost connection, unless they have an HTTP status."""

_SERVER_FAULT, _TOO_MANY_REQUESTS = 500, 429

_THIS_RUN = uuid.uuid4().hex


def is_address(path: str) -> bool:
    """Return whether a path has a scheme."""
    return "://" in path


def parse_storage_options(text: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Parse the options of fsspec from the command line.

    Parameters
    ----------
    text : str or mapping or None
        JSON of an object.

    Raises
    ------
    UsageError
        If the text is not a JSON object.
    """
    if text is None:
        return {}
    if not isinstance(text, str):
        return dict(text)
    try:
        options = json.loads(text)
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        # Not repeated in the message: it may hold a secret.
        raise UsageError(
            '--storage-options is not a JSON object; expected for example {"anon": true}'
        )
    return options


@contextmanager
def using_storage_options(options: Mapping[str, Any]) -> Iterator[None]:
    """Apply options to every store that is opened in a `with` block.

    Parameters
    ----------
    options : mapping
        Options of the fsspec file system, or options by scheme, such as
        {"s3": {...}, "https": {...}}.
    """
    import fsspec.config  # noqa: PLC0415  # only builds that have addresses need it

    by_scheme = bool(options) and all(
        name in _EXTRAS and isinstance(own, dict) for name, own in options.items()
    )
    before = dict(fsspec.config.conf)
    try:
        for scheme in _EXTRAS:
            own = options.get(scheme, {}) if by_scheme else dict(options)
            known = fsspec.config.conf.get(scheme, {})
            fsspec.config.conf[scheme] = {**_patience(scheme), **known, **own}
        yield
    finally:
        fsspec.config.conf.clear()
        fsspec.config.conf.update(before)


def _patience(scheme: str) -> dict[str, Any]:
    """Return default timeouts, so that an unresponsive host ends the build soon."""
    if scheme in {"s3", "s3a"}:
        retries = {"max_attempts": 3}
        times = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": _READ_SECONDS}
        return {"config_kwargs": {**times, "retries": retries}}
    if scheme in {"http", "https"}:
        try:
            import aiohttp  # noqa: PLC0415  # an extra
        except ImportError:
            return {}
        times = {"sock_connect": _CONNECT_SECONDS, "sock_read": _READ_SECONDS}
        timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS, **times)
        return {"client_kwargs": {"timeout": timeout}}
    return {}


@dataclass(frozen=True)
class Store:
    """The file system that an address means, and the path in it."""

    address: str
    fs: Any
    path: str


@dataclass(frozen=True)
class Status:
    """The status of a file in a store; it changes if the file is replaced."""

    size: int
    mtime_ns: int
    etag: str


def store_of(address: str) -> Store:
    """Return the store of an address, without contacting it.

    Raises
    ------
    UsageError
        If the scheme is unknown.
    ExtraMissingError
        If the package of the scheme is not installed.
    """
    import fsspec  # noqa: PLC0415  # as above

    scheme = address.partition("://")[0]
    try:
        fs, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        extra, package = _EXTRAS.get(scheme, ("", scheme))
        how = f'pip install "luc-load[{extra}]"' if extra else f"install {package}"
        raise ExtraMissingError(f"{address}: {scheme}:// needs {package}: {how}") from error
    except ValueError as error:
        known = ", ".join(f"{name}://" for name in _EXTRAS)
        raise UsageError(f"{address}: unknown scheme; expected one of {known}, file://") from error
    except TypeError as error:
        raise UsageError(f"--storage-options: not valid for {scheme}:// ({error})") from error
    return Store(address, fs, path)


def status_of(store: Store) -> Status:
    """Return the status of a file in a store, or of all files below a folder.

    Raises
    ------
    SourceMissingError
        If there is no file.
    SourceError
        If the store denies access.
    ServiceError
        If the store does not respond.
    """
    with translated(store.address):
        info = store.fs.info(store.path)
        if info["type"] != "directory":
            return _status(info)
        objects = store.fs.find(store.path, detail=True)
    parts = [(name, _status(one)) for name, one in sorted(objects.items())]
    text = repr([(name, part.size, part.mtime_ns, part.etag) for name, part in parts])
    return Status(
        sum(part.size for _, part in parts),
        max((part.mtime_ns for _, part in parts), default=0),
        hashlib.sha256(text.encode()).hexdigest(),
    )


def _status(info: Mapping[str, Any]) -> Status:
    etag = str(info.get("ETag") or info.get("etag") or info.get("md5Hash") or "").strip('"')
    changed: Any = next(
        (
            info[key]
            for key in ("LastModified", "mtime", "updated", "last_modified")
            if info.get(key)
        ),
        None,
    )
    if hasattr(changed, "timestamp"):
        changed = changed.timestamp()
    mtime_ns = int(changed * 10**9) if isinstance(changed, int | float) else 0
    if not etag and not changed:
        # The file may be replaced unnoticed, so no later run may treat it as the same file.
        etag = _THIS_RUN
    elif not etag and not mtime_ns:
        etag = str(changed)
    return Status(int(info.get("size") or 0), mtime_ns, etag)


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turn what a store's library raises into an error of luc-load.

    Raises
    ------
    SourceMissingError
        If there is nothing at the address.
    SourceError
        If access is denied.
    ServiceError
        If the store does not respond or fails.
    """
    try:
        yield
    except (LucLoadError, ImportError):
        raise
    except Exception as error:
        raise _meaning(address, error) from error


def _meaning(address: str, error: Exception) -> LucLoadError:
    reason = one_line(error)
    # fsspec turns all errors of web servers into FileNotFoundError, so check the status first.
    codes = {code for each in causes(error) if (code := _http_status(each)) is not None}
    if isinstance(error, PermissionError) or codes & {401, 403}:
        expected = "give credentials by the usual environment variables or --storage-options"
        return SourceError(address, f"access is refused ({reason}); {expected}")
    if any(type(each).__name__ == "NoCredentialsError" for each in causes(error)):
        expected = "set them, or --storage-options '{\"anon\": true}' for public data"
        return SourceError(address, f"no credentials were found; {expected}")
    if is_lost(error):
        return lost_store(address, error)
    if isinstance(error, FileNotFoundError):
        return SourceMissingError(address, f"there is nothing at this address ({reason})")
    return SourceError(address, f"cannot be read ({reason})")


def lost_store(address: str, error: Exception) -> ServiceError:
    """Return the error for a store that does not respond."""
    problem = f"the store does not answer ({one_line(error)})"
    return ServiceError(f"{address}: {problem}; run the same command again to resume")


def is_lost(error: BaseException) -> bool:
    """Return whether an error, or what it came from, is one of the network or of the server."""
    for each in causes(error):
        code = _http_status(each)
        if code is not None:
            return code >= _SERVER_FAULT or code == _TOO_MANY_REQUESTS
        if isinstance(each, ConnectionError | TimeoutError):
            return True
        if type(each).__module__.partition(".")[0] in _CLIENTS:
            return True
    return False


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and, one after the other, those that it came from."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _http_status(error: BaseException) -> int | None:
    """Return the code of an answer that the clients of stores turned into an error."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        status = getattr(error, "status", None)
    return status if isinstance(status, int) else None
