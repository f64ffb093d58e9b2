"""A web server that does what it is told to: cut, stall, redirect, lie, change its file."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["Reply", "Seen", "Server", "serving"]


@dataclass
class Reply:
    """How to answer one request.

    Attributes
    ----------
    status : int, optional
        Anything but what is right for the request.
    headers : dict
        In place of, or beside, the right ones; None leaves one out.
    body : bytes, optional
        In place of the file.
    cut : int, optional
        The connection ends after so many bytes of the body.
    stall : float
        Seconds of silence after the cut, before the connection ends.
    ignore_range : bool
        Send the whole file as 200 whatever was asked for.
    length : int, optional
        A Content-Length that is a lie.
    chunked : bool
        Send the body in chunks, without a length.
    pace : float
        Seconds between the bytes of the body.
    header_pace : float
        Seconds between headers that never end.
    """

    status: int | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    stall: float = 0.0
    ignore_range: bool = False
    length: int | None = None
    chunked: bool = False
    pace: float = 0.0
    header_pace: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A request that came: its path, and where it wanted to begin."""

    path: str
    start: int
    if_range: str | None


class Server:
    """Files by path, and what to do wrong with the next requests for each.

    A path without a plan, or whose plan is used up, is served as it should be.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.plans: dict[str, list[Reply]] = {}
        self.etag: Callable[[bytes], str | None] = lambda data: (
            f'"{hashlib.sha1(data).hexdigest()}"'
        )
        self.seen: list[Seen] = []
        self.url = ""
        self.lock = threading.Lock()

    def starts(self, path: str) -> list[int]:
        """Return where the requests for a path wanted to begin, in order."""
        return [seen.start for seen in self.seen if seen.path == path]


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Server]:
    """Serve on a free port of this machine; with a certificate and its key, over TLS."""
    server = Server()

    class Handler(_Handler):
        plan = server

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    scheme = "http"
    if certificate is not None:
        scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        httpd.socket = context.wrap_socket(
            httpd.socket, server_side=True, do_handshake_on_connect=False
        )
    host = "localhost" if certificate is not None else "127.0.0.1"
    server.url = f"{scheme}://{host}:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    plan: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ssl.SSLError):
            self.close_connection = True

    def do_GET(self) -> None:
        server = self.plan
        asked = self.headers.get("Range", "bytes=0-")
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        if_range = self.headers.get("If-Range")
        with server.lock:
            server.seen.append(Seen(self.path, start, if_range))
            todo = server.plans.get(self.path, [])
            reply = todo.pop(0) if todo else Reply()
        data = server.files.get(self.path)
        if reply.body is not None:
            data = reply.body
        if data is None:
            self._send(404, {}, b"<html><title>Not found</title></html>", reply)
            return
        etag = server.etag(data)
        headers = {"ETag": etag} if etag else {}
        if reply.status is not None and reply.status != 200:
            self._send(reply.status, headers, reply.body or b"no", reply)
            return
        is_same = if_range is None or if_range == etag
        if start and is_same and not reply.ignore_range and "Range" in self.headers:
            if start >= len(data):
                self._send(416, {"Content-Range": f"bytes */{len(data)}"}, b"", reply)
                return
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self._send(206, headers, data[start:], reply)
            return
        self._send(200, headers, data, reply)

    def _send(self, status: int, headers: dict[str, str], body: bytes, reply: Reply) -> None:
        self.send_response(status)
        length = len(body) if reply.length is None else reply.length
        sizes = (
            {"Transfer-Encoding": "chunked"} if reply.chunked else {"Content-Length": str(length)}
        )
        for name, value in {**headers, **sizes, **reply.headers}.items():
            if value is not None:
                self.send_header(name, value)
        while reply.header_pace:
            self.send_header("X-More", "1")
            self.flush_headers()
            threading.Event().wait(reply.header_pace)
        self.end_headers()
        self._send_body(body if reply.cut is None else body[: reply.cut], reply)
        if reply.cut is not None:
            threading.Event().wait(reply.stall)
        if reply.cut is not None or reply.length is not None or "Content-Length" in reply.headers:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send_body(self, sent: bytes, reply: Reply) -> None:
        if reply.chunked:
            for begin in range(0, len(sent), 50_000):
                piece = sent[begin : begin + 50_000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if reply.cut is None:
                self.wfile.write(b"0\r\n\r\n")
        elif reply.pace:
            for position in range(len(sent)):
                self.wfile.write(sent[position : position + 1])
                self.wfile.flush()
                threading.Event().wait(reply.pace)
        else:
            self.wfile.write(sent)
        self.wfile.flush()
