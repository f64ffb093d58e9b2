"""A process that has imported the libraries already and forks for every command that is run.

Importing xarray, pandas, DuckDB and pyarrow takes most of a short command's time, and so does
taking them down again at the end. A child that is forked from a process with the libraries in
memory, but without threads, runs the same command line with streams, folder and environment of its
own. It ends as any other process does, except that its modules are left to the kernel.
"""

from __future__ import annotations

import array
import atexit
import ctypes
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NoReturn

_LIBRARIES = (
    *("cftime", "click", "dask.array", "duckdb", "h5py", "jinja2", "netCDF4", "pandas", "pint"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.figure"),
    *("pyarrow", "pyarrow.compute", "pyarrow.parquet", "requests", "tqdm", "xarray"),
)
_LEFT_OUT = ("loader.__main__", "loader.cluster", "loader.exporting.geotiff")
"""Modules that run a command, or import libraries that few commands need."""
_LENGTH = 8
"""Bytes that say how long a request is."""


class Zygote:
    """The other end of the process that forks; one command at a time.

    Parameters
    ----------
    environment : mapping of str to str
        Of the process that forks; a command has one of its own.
    modules : sequence of str
        Imported in addition to the libraries.
    """

    def __init__(self, environment: Mapping[str, str], modules: Sequence[str] = ()) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), *modules],
                env=dict(environment),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def run(
        self, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `luc-load` with these arguments to its end, or kill it after some seconds."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            request = json.dumps([list(arguments), str(cwd), dict(environment), seconds]).encode()
            streams = array.array("i", [out.fileno(), err.fileno()])
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)]
            self._socket.sendmsg([len(request).to_bytes(_LENGTH, "big")], rights)
            self._socket.sendall(request)
            code = int(json.loads(_receive(self._socket, _LENGTH)))
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode())
        return subprocess.CompletedProcess(["luc-load", *arguments], code, *texts)

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.wait(timeout=10)


@cache
def zygote() -> Zygote:
    """Return the one of this process; it ends when its socket is closed."""
    started = Zygote(os.environ)
    atexit.register(started.close)
    return started


def _receive(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _serve(connection: socket.socket, modules: Sequence[str]) -> None:
    """Fork for every request; return in the child, and in the parent when there are no more."""
    _prepare(modules)
    while True:
        try:
            head, streams, _, _ = socket.recv_fds(connection, _LENGTH, 2)
            if not head:
                return
            length = int.from_bytes(head, "big")
            arguments, cwd, environment, seconds = json.loads(_receive(connection, length))
        except EOFError:
            return
        child = os.fork()
        if not child:
            connection.close()
            _become(arguments, cwd, environment, streams)
        for stream in streams:
            os.close(stream)
        code = _wait(child, seconds)
        connection.sendall(json.dumps(code).encode().rjust(_LENGTH))


def _prepare(more: Sequence[str]) -> None:
    """Do once what every command would do again: import, compile templates, parse borders."""
    package = importlib.import_module("loader")
    modules = [
        module.name
        for module in pkgutil.walk_packages(package.__path__, "loader.")
        if not module.name.startswith(_LEFT_OUT)
    ]
    for name in (*_LIBRARIES, *modules, *more):
        importlib.import_module(name)
    from loader.catalog.sqlfiles import folder, read_files, render, statement  # noqa: PLC0415
    from loader.errors import SqlFileError  # noqa: PLC0415
    from loader.regions.natural_earth import read_countries  # noqa: PLC0415

    # Most need values; the template is compiled all the same.
    for kind in ("tables", "views", "macros"):
        for file in read_files(f"sql/{kind}").values():
            with suppress(SqlFileError):
                render(file)
    for path in folder("sql").joinpath("statements").iterdir():
        with suppress(SqlFileError):
            statement(path.name.removesuffix(".sql"))
    read_countries()
    # Otherwise the first collection in each child would copy all of this.
    gc.collect()
    gc.freeze()


def _wait(child: int, seconds: float) -> int:
    """Return the exit code of a child, killed after some seconds."""

    def kill(*_: object) -> None:
        # The timer may fire when the child has just been waited for.
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _become(
    arguments: list[str], cwd: str, environment: dict[str, str], streams: list[int]
) -> NoReturn:
    """Turn this child into the command."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    out, err = (io.BufferedWriter(io.FileIO(number, "w", closefd=False)) for number in (1, 2))
    sys.stdout = io.TextIOWrapper(out, encoding="utf-8")
    sys.stderr = io.TextIOWrapper(err, "utf-8", "backslashreplace", line_buffering=True)
    _tell_preloaded("torture_begin")
    sys.argv = ["luc-load", *arguments]
    code = 1
    try:
        importlib.import_module("loader.cli").main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001  # as Python ends a process that nothing else ends
        sys.excepthook(*sys.exc_info())
    _end(code)


def _tell_preloaded(name: str) -> None:
    """Call a function of the library that `make torture` preloads, if it is there."""
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function()


def _end(code: int) -> NoReturn:
    """End this process as Python does, but without taking down every module first."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        code = 120
    _tell_preloaded("torture_end")
    os._exit(code)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as served:
        _serve(served, sys.argv[2:])
