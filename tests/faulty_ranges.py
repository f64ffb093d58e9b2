"""A web server of ranges whose answers go wrong from a chosen one on, once or for good."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["FAULTS", "RangeServer", "serving_ranges"]

FAULTS = ("500", "503", "cut", "short", "whole", "stalls", "closes")


class RangeServer:
    """Files of a folder, and which answers go wrong.

    Attributes
    ----------
    answers : int
        GET requests that were answered so far.
    fault : str or None
        One of `FAULTS`, or "other": the same path, another file.
    first, last : int
        The numbers of the answers that go wrong.
    other : pathlib.Path or None
        The folder whose files "other" sends.
    ended : threading.Event
        Lets go of answers that stall.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers = 0
        self.fault: str | None = None
        self.first, self.last = 0, -1
        self.other: Path | None = None
        self.ended = threading.Event()
        self.url = ""
        self._lock = threading.Lock()

    def plan(self, fault: str | None, first: int = 0, last: int = 10**9) -> None:
        """Let answers go wrong, counted from now."""
        with self._lock:
            self.fault, self.first, self.last, self.answers = fault, first, last, 0

    def next(self, *, counted: bool) -> str | None:
        """Return what goes wrong with the next answer."""
        with self._lock:
            number = self.answers
            self.answers += counted
            return self.fault if self.first <= number <= self.last else None


class _Handler(http.server.BaseHTTPRequestHandler):
    server_of: RangeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are sent apart

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def do_HEAD(self) -> None:
        self._answer(self.server_of.next(counted=False))

    def do_GET(self) -> None:
        self._answer(self.server_of.next(counted=True))

    def _answer(self, fault: str | None) -> None:
        server = self.server_of
        folder = server.other if fault == "other" and server.other else server.folder
        path = folder / self.path.lstrip("/")
        if not path.is_file():
            self._send(404, b"", {})
            return
        data = path.read_bytes()
        tags = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        if self.command == "HEAD":
            fault = fault if fault == "other" else None
        if fault in {"500", "503"}:
            self._send(int(fault), b"no", {})
            return
        if fault == "closes":
            self.close_connection = True
            return
        asked = self.headers.get("Range")
        status, body = 200, data
        if asked is not None and fault != "whole":
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, stop = int(first), int(last) + 1 if last else len(data)
            status, body = 206, data[start:stop]
            tags["Content-Range"] = f"bytes {start}-{start + len(body) - 1}/{len(data)}"
        if fault == "short":
            body = body[: len(body) // 2]
        self._send(status, body, tags, held=fault if fault in {"cut", "stalls"} else None)

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], held: str | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if held is not None:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            if held == "stalls":
                self.server_of.ended.wait(60)
            return
        self.wfile.write(body)


@contextmanager
def serving_ranges(folder: Path) -> Iterator[RangeServer]:
    """Serve a folder on a free port of this machine."""
    ranges = RangeServer(folder)
    handler = type("Handler", (_Handler,), {"server_of": ranges})
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    httpd.daemon_threads = True
    ranges.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield ranges
    finally:
        ranges.ended.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()
