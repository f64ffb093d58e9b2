"""One HTTP request for a file or for the rest of it; every failure becomes one of two errors."""

from __future__ import annotations

import email.utils
import queue
import re
import ssl
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter

from loader._version import __version__
from loader.errors import ServiceError, SourceError, SourceMissingError, UsageError
from loader.fetching.redirects import CarefulSession

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Answer", "Client", "Lost"]

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_ETAG_MD5 = re.compile(r'"md5:([0-9a-fA-F]{32})"')
_CONNECT_SECONDS = 30.0
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class Lost(Exception):  # noqa: N818  # not an error yet: the transfer decides
    """The server or the network failed in a way that may be temporary.

    Parameters
    ----------
    reason : str
        A short description of what happened.
    wait : float, optional
        Seconds that the server asked to wait.
    slow : bool
        Whether too little data arrived: such an attempt does not count as progress.
    """

    def __init__(self, reason: str, wait: float | None = None, *, slow: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.slow = slow


@dataclass(frozen=True)
class Answer:
    """A response of a server: its position in the file, and its bytes.

    Attributes
    ----------
    start : int
        Offset of the first byte; 0 also if the rest was requested and the complete file is sent.
    total : int or None
        Size of the complete file, if the server states it.
    validator : str or None
        Identifies this content in a later If-Range.
    md5 : str or None
        Digest of the complete file, if the server states it (Zenodo does, as the ETag).
    content_type : str
    past_end : bool
        Whether there is nothing after the requested offset.
    """

    start: int
    total: int | None
    validator: str | None
    md5: str | None
    content_type: str
    past_end: bool
    _response: requests.Response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()

    def read(self, count: int) -> bytes:
        """Return at most `count` bytes, as many as have arrived; empty at the end.

        Raises
        ------
        Lost
            If the connection ends or stalls before the announced end.
        """
        try:
            # Not read(): it would wait until all `count` bytes have arrived, however slowly.
            data: bytes = self._response.raw.read1(count, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Lost(_reason(error)) from error
        return data


class Client:
    """Requests for one file; not shared between threads.

    Parameters
    ----------
    timeout : float
        Seconds without data after which a connection counts as lost.
    ca_bundle : str, optional
        A PEM file of certificates to trust in addition to the usual ones.

    Raises
    ------
    UsageError
        If the bundle cannot be used.
    """

    def __init__(self, timeout: float, ca_bundle: str | None = None) -> None:
        self._session = CarefulSession()
        self._timeout = (min(timeout, _CONNECT_SECONDS), timeout)
        # Request the stored bytes: ranges of a compressed response would mean something else.
        agent = f"luc-load/{__version__} {requests.utils.default_user_agent()}"
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": agent})
        if ca_bundle is not None:
            self._session.mount("https://", _TrustingAdapter(ca_bundle))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, url: str, start: int = 0, validator: str | None = None) -> Answer:
        """Request a file from an offset to its end.

        Parameters
        ----------
        url : str
        start : int
            0 requests the complete file.
        validator : str, optional
            The validator of an earlier response: if the file has changed since, all of it is sent.

        Returns
        -------
        Answer

        Raises
        ------
        Lost
            If the server cannot be reached, or cannot answer now.
        SourceError
            If it denies access, has no such file, sends an encoding that cannot be stored, or
            redirects to where it must not lead.
        ServiceError
            If its certificate cannot be verified, or it only redirects.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        # If the file has changed since, the server sends all of it instead of the rest.
        if start and validator is not None:
            headers["If-Range"] = validator
        # Errors that a repetition cannot help end the download; all others are `Lost`, and are
        # retried.
        try:
            response = _within(
                sum(self._timeout),
                lambda: self._session.get(url, headers=headers, stream=True, timeout=self._timeout),
            )
        except requests.exceptions.SSLError as error:
            raise _certificate_error(url, error) from error
        except requests.exceptions.TooManyRedirects as error:
            raise ServiceError(f"{url}: redirects without end; use another address") from error
        except requests.exceptions.InvalidURL as error:
            raise UsageError(f"{url}: is not a valid address ({error})") from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise Lost(_reason(error)) from error
        try:
            return _answer(url, response, start)
        except BaseException:
            response.close()
            raise


class _TrustingAdapter(HTTPAdapter):
    """An adapter that trusts some certificates in addition to the usual authorities."""

    def __init__(self, ca_bundle: str) -> None:
        self._context = ssl.create_default_context(cafile=certifi.where())
        try:
            self._context.load_verify_locations(cafile=ca_bundle)
        except (OSError, ssl.SSLError) as error:
            problem = f"is not a PEM file of certificates ({error})"
            raise UsageError(f"--ca-bundle: {ca_bundle}: {problem}") from error
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  # requests' own
        super().init_poolmanager(*args, **options, ssl_context=self._context)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  # requests' own
        return super().proxy_manager_for(*args, **options, ssl_context=self._context)


def _within(seconds: float, request: Callable[[], requests.Response]) -> requests.Response:
    """Make a request, but limit the time until the headers of the response are complete.

    The timeouts of the sockets begin again with each byte: a server may send headers forever.

    Raises
    ------
    Lost
        If the response did not begin in time. The connection is left to its thread.
    """
    answers: queue.SimpleQueue[requests.Response | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(request())
        except BaseException as error:  # noqa: BLE001  # raised again in the calling thread
            answers.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise Lost(f"the server did not answer within {seconds:.0f} s") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _answer(url: str, response: requests.Response, start: int) -> Answer:
    status = response.status_code
    if status not in {200, 206, 416}:
        raise _refusal(url, response)
    coding = response.headers.get("Content-Encoding", "identity")
    if coding != "identity":
        problem = f"is sent {coding}-encoded, which was not requested"
        raise SourceError(url, f"{problem}; use another address")
    first, total, past_end = 0, _length(response), False
    if status == 206:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if match is None or int(match[1]) != start:
            raise Lost("the server sent another part of the file than the one requested")
        first = start
        total = None if match[3] == "*" else int(match[3])
    elif status == 416:
        past_end = True
        header = response.headers.get("Content-Range", "").strip().removeprefix("bytes */")
        total = int(header) if header.isdecimal() else None
    etag = response.headers.get("ETag", "").strip()
    md5 = _ETAG_MD5.fullmatch(etag)
    # Only a strong ETag promises the same bytes.
    strong = etag if etag.startswith('"') else None
    return Answer(
        start=first,
        total=total,
        validator=strong or response.headers.get("Last-Modified"),
        md5=md5[1].lower() if md5 else None,
        content_type=response.headers.get("Content-Type", ""),
        past_end=past_end,
        _response=response,
    )


def _length(response: requests.Response) -> int | None:
    header = response.headers.get("Content-Length", "").strip()
    return int(header) if header.isdecimal() else None


def _refusal(url: str, response: requests.Response) -> Exception:
    status, reason = response.status_code, response.reason or ""
    answer = f"{status} {reason}".strip()
    if status in _TRY_AGAIN:
        return Lost(f"the server answered {answer}", _retry_after(response))
    if status in {404, 410}:
        problem = f"the server has no such file ({answer}); it may have moved: use another address"
        return SourceMissingError(url, problem)
    if status in {401, 403, 407}:
        return SourceError(url, f"the server denies access ({answer}); use another address")
    if status >= 500:
        return Lost(f"the server answered {answer}")
    return SourceError(url, f"the server answered {answer}; use another address")


def _retry_after(response: requests.Response) -> float | None:
    header = response.headers.get("Retry-After", "").strip()
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _certificate_error(url: str, error: Exception) -> Exception:
    reason = _reason(error)
    if "CERTIFICATE" not in reason.upper():
        return Lost(reason)
    return ServiceError(
        f"{url}: the server's certificate cannot be verified ({reason}). If the server does not "
        "send an intermediate certificate, add it with --ca-bundle FILE (docs/fetching.md shows "
        "how), or use another address"
    )


def _reason(error: BaseException) -> str:
    """Return the message of the innermost error of a chain: the outer ones repeat it at length."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or seen.__cause__
        if inner is None and seen.args and isinstance(seen.args[0], BaseException):
            inner = seen.args[0]
        if not isinstance(inner, BaseException) or inner is seen:
            break
        seen = inner
    text = re.sub(r"^<[^>]*>: |^\w+\([^)]*\): ", "", " ".join(str(seen).split()))
    return text[:200] or type(seen).__name__
