"""Servers on loopback: S3 and Google Cloud Storage, and a web server that sends parts of files."""

from __future__ import annotations

import http.client
import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

__all__ = ["Fault", "credentials", "faulty", "free_port", "gs_server", "s3_server", "web_server"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def credentials(endpoint: str) -> dict[str, str]:
    """Return the usual environment variables of an S3 client."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }


@contextmanager
def s3_server() -> Iterator[str]:
    """Run moto's server; yield its address."""
    port = free_port()
    with _serving(["moto.server", "-H", "127.0.0.1", "-p", str(port)], port) as address:
        yield address


@contextmanager
def gs_server(bucket: str) -> Iterator[str]:
    """Run gcp-storage-emulator with an empty bucket; yield its address."""
    port = free_port()
    where = ["--host=127.0.0.1", f"--port={port}", "--in-memory", f"--default-bucket={bucket}"]
    with _serving(["gcp_storage_emulator", "start", *where], port) as address:
        yield address


@contextmanager
def _serving(module: list[str], port: int) -> Iterator[str]:
    command = [sys.executable, "-m", *module]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, f"{module[0]} ended"
                assert time.monotonic() < deadline, f"{module[0]} does not answer"
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


Fault = Literal["refuse", "fail", "cut", "lose"] | None


class _Proxy(http.server.BaseHTTPRequestHandler):
    """Passes requests on, but for those that are to fail.

    "refuse" and "fail" answer 403 and 503, "cut" closes before the request is passed on, "lose"
    after it, instead of the answer.
    """

    protocol_version = "HTTP/1.1"
    server_at: ClassVar[tuple[str, int]]
    fault: ClassVar[Callable[[str, str], Fault]]

    def _pass_on(self) -> None:
        body = self._body()
        fault = type(self).fault(self.command, self.path)
        if fault == "cut":
            self.close_connection = True
            return
        if fault in {"refuse", "fail"}:
            code, word = (403, "AccessDenied") if fault == "refuse" else (503, "SlowDown")
            self._answer(code, {}, f"<Error><Code>{word}</Code></Error>".encode())
            return
        server = http.client.HTTPConnection(*self.server_at, timeout=30)
        kept = {n: v for n, v in self.headers.items() if n.lower() != "transfer-encoding"}
        server.request(self.command, self.path, body, kept | {"Content-Length": str(len(body))})
        answer = server.getresponse()
        data = answer.read()
        server.close()
        if fault == "lose":
            self.close_connection = True
            return
        self._answer(answer.status, dict(answer.getheaders()), data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815  # names of the base

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, code: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(code)
        length = str(len(data))
        for name, value in headers.items():
            if name.lower() == "content-length":
                length = value  # of a HEAD, which has no body
            elif name.lower() not in {"transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as in the base class
        pass


@contextmanager
def faulty(endpoint: str, fault: Callable[[str, str], Fault]) -> Iterator[str]:
    """Put a server before another that fails as `fault` says of method and path."""
    parts = urlsplit(endpoint)
    at = (parts.hostname, parts.port)
    handler = type("Proxy", (_Proxy,), {"server_at": at, "fault": staticmethod(fault)})
    with _running(handler) as address:
        yield address


class _Handler(http.server.BaseHTTPRequestHandler):
    folder: ClassVar[Path]
    ranges: ClassVar[bool]

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = self.folder / self.path.lstrip("/")
        if "forbidden" in self.path or not path.is_file():
            self.send_error(403 if "forbidden" in self.path else 404)
            return
        data, code = path.read_bytes(), 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and self.ranges:
            first, last = int(asked[1]), int(asked[2] or len(data) - 1)
            part, code = data[first : last + 1], 206
        else:
            part = data
        self.send_response(code)
        if code == 206:
            self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(data)}")
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", f'"{path.stat().st_mtime_ns}"')
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if with_body:
            self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as in the base class
        pass


@contextmanager
def web_server(folder: Path, *, ranges: bool = True) -> Iterator[str]:
    """Serve a folder; yield its address."""
    with _running(type("Handler", (_Handler,), {"folder": folder, "ranges": ranges})) as address:
        yield address


@contextmanager
def _running(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
