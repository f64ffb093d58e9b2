"""Servers on loopback: S3 and Google Cloud Storage, and a web server that sends parts of files."""

from __future__ import annotations

import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

__all__ = ["credentials", "free_port", "gs_server", "s3_server", "web_server"]


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
    handler = type("Handler", (_Handler,), {"folder": folder, "ranges": ranges})
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
