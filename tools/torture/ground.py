"""A place to build in, what it holds before, and what must be true of it whatever happened."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import xarray as xr

from loader import build, write_sample
from tools.zygote import Zygote

__all__ = ["BrokenPromiseError", "Ground", "contents"]

COMMAND = (sys.executable, "-m", "loader")
"""luc-load, in a process of its own."""

_VARIES = {"build": ("built_at", "options")}
"""Columns that differ between two builds of the same: when, and the status of the source files."""

_GRACE = 120.0
"""Seconds after which a build counts as hanging."""

_ENDING = 20.0
"""Seconds that a build may take to end after a signal."""


class BrokenPromiseError(AssertionError):
    """Something was lost, half done, left over or said badly."""


def promised(holds: object, what: str) -> None:
    """Raise unless a promise holds."""
    if not holds:
        raise BrokenPromiseError(what)


def contents(out: Path) -> dict[str, Any]:
    """Return what an output holds, so that two that hold the same compare equal.

    The rows of each table of the database and of the Parquet dataset count, in any order: their
    number, and two sums over hashes of whole rows.
    """
    found: dict[str, Any] = {}
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        con.execute("SET threads TO 1").fetchall()
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        for schema, name in tables:
            found[name] = _summed(con, f'"{schema}"."{name}"', _VARIES.get(name, ()))
            folder = out / "parquet" / name
            if folder.is_dir():
                quoted = str(folder / "*.parquet").replace("'", "''")
                found[f"parquet/{name}"] = _summed(con, f"read_parquet('{quoted}')", ())
        found["views"] = con.execute(
            "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        ids = con.execute("SELECT build_id, status FROM meta.build").fetchall()
    record = json.loads((out / "parquet" / "build.json").read_text())
    promised(ids == [(record["build_id"], "complete")], f"{ids} beside {record['build_id']}")
    found["files"] = sorted(str(path.relative_to(out)) for path in out.rglob("*"))
    return found


def _summed(con: duckdb.DuckDBPyConnection, rows: str, without: tuple[str, ...]) -> Any:  # noqa: ANN401
    columns = f"* EXCLUDE ({', '.join(without)})" if without else "*"
    return con.execute(
        f"SELECT count(*), bit_xor(hash(t)), sum(hash(t) % 1000000007) FROM (SELECT {columns} "
        f"FROM {rows}) AS t"
    ).fetchall()


class Ground:
    """An output with an old build, and the command that replaces it by another.

    Parameters
    ----------
    work : pathlib.Path
        Exists; everything is made in it.
    years : str
        Of the sources.
    old_years, new_years : str
        Of the build that is there before, and of the one that replaces it.
    resolution : str
        Degrees.
    thorough : bool
        Also prove that it does not matter whether there was an old build.
    zygote : Zygote, optional
        Forks for every command, which then takes a fraction of the time; and the grid is a region.
    """

    def __init__(
        self,
        work: Path,
        years: str = "2010:2013",
        old_years: str = "2010:2011",
        new_years: str = "2010:2013",
        resolution: str = "2",
        *,
        thorough: bool = True,
        zygote: Zygote | None = None,
    ) -> None:
        self.work = work.resolve()
        self.raw = self.work / "raw"
        self.out = self.work / "out"
        self._template = self.work / "template"
        first, last = (int(year) for year in years.split(":"))
        self._zygote = zygote
        write_sample(
            self.raw, years=(first, last), resolution=float(resolution), only=["eluc", "states"]
        )
        if zygote is not None:
            _cut(self.raw)
        self._years = new_years
        build(raw=self.raw, out=self._template, years=old_years)
        self.old = digest(self._template / "luc.duckdb")
        self.prepare()
        clean = self.run()
        promised(clean.returncode == 0, clean.stderr)
        self.clean = contents(self.out)
        if thorough:
            self.prepare(fresh=True)
            fresh = self.run()
            promised(fresh.returncode == 0, fresh.stderr)
            promised(contents(self.out) == self.clean, "a fresh build differs from a replacing one")

    def command(self, *more: str) -> tuple[str, ...]:
        """Return the command that replaces the old build."""
        return (
            *("build", "--raw", str(self.raw), "-o", str(self.out), "--years", self._years),
            *("--overwrite", "-q", *more),
        )

    def prepare(self, *, fresh: bool = False) -> None:
        """Put the old build back, or nothing."""
        shutil.rmtree(self.out, ignore_errors=True)
        if not fresh:
            shutil.copytree(self._template, self.out)

    def run(
        self,
        *more: str,
        env: Mapping[str, str] | None = None,
        limit: tuple[int, int] | None = None,
        group: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, good or bad; one that hangs is an error.

        `limit` is a resource and how much of it the process may have, `group` the folder of the
        control group in which it runs.
        """
        if self._zygote is not None and limit is None and group is None:
            return self._forked(self.command(*more), env, _GRACE)

        def before() -> None:
            if limit is not None:
                resource.setrlimit(limit[0], (limit[1], limit[1]))
            if group is not None:
                (group / "cgroup.procs").write_text("0")

        try:
            return subprocess.run(
                [*COMMAND, *self.command(*more)],
                cwd=self.work,
                env=_environment(env),
                capture_output=True,
                text=True,
                check=False,
                timeout=_GRACE,
                preexec_fn=before,
            )
        except subprocess.TimeoutExpired as error:
            raise BrokenPromiseError(f"it hung for {_GRACE:.0f} s") from error

    def run_for(
        self, seconds: float, number: signal.Signals = signal.SIGKILL
    ) -> subprocess.CompletedProcess[str]:
        """Run the command, and send it a signal after some seconds."""
        if self._zygote is not None and number == signal.SIGKILL:
            return self._forked(self.command(), None, seconds)
        process = self.start()
        try:
            _, stderr = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            try:
                _, stderr = process.communicate(timeout=_ENDING)
            except subprocess.TimeoutExpired as error:
                process.kill()
                process.communicate()
                raise BrokenPromiseError(f"{number.name}: it did not end") from error
        return subprocess.CompletedProcess([], process.returncode, "", stderr)

    def _forked(
        self, command: tuple[str, ...], env: Mapping[str, str] | None, seconds: float
    ) -> subprocess.CompletedProcess[str]:
        assert self._zygote is not None
        done = self._zygote.run(command, self.work, _environment(env), seconds)
        is_late = done.returncode == -signal.SIGKILL and seconds == _GRACE
        # A fault kills too; then its library is in the environment.
        promised(env or not is_late, f"it hung for {_GRACE:.0f} s")
        return done

    def start(self, *more: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [*COMMAND, *self.command(*more)],
            cwd=self.work,
            env=_environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def check_damage(self, stderr: str, *, fresh: bool = False) -> str:
        """Check what must be true after any failure.

        Returns
        -------
        str
            Which database is there: "old", "new" or "none".

        Raises
        ------
        BrokenPromiseError
            If it is neither whole, or there are leftovers outside the private folder.
        """
        promised("Traceback" not in stderr, f"a traceback: {stderr[-2000:]}")
        database = self.out / "luc.duckdb"
        names = {path.name for path in self.out.iterdir()} if self.out.exists() else set()
        strays = names - {"luc.duckdb", "parquet", ".luc-load"}
        promised(not strays, f"left over: {strays}")
        if not database.exists():
            promised(fresh, "the old database is gone")
            return "none"
        if not fresh and digest(database) == self.old:
            return "old"
        with duckdb.connect(str(database), read_only=True) as con:
            for name, table in (("eluc", '"eluc"'), ("state", '"state"'), ("cell", '"cell"')):
                promised(
                    _summed(con, table, ()) == self.clean[name],
                    f"{name} is neither the old nor the new",
                )
        return "new"

    def check_healed(self, again: subprocess.CompletedProcess[str]) -> None:
        """Check what must be true after the same command was given again."""
        promised(
            again.returncode == 0, f"the next run ends with {again.returncode}: {again.stderr}"
        )
        found = contents(self.out)
        for name, clean in self.clean.items():
            promised(found.get(name) == clean, f"{name} is not that of a clean build")
        promised(set(found) == set(self.clean), f"another set of tables: {sorted(found)}")


def _cut(folder: Path) -> None:
    """Leave 20 x 20 cells of every file."""
    for path in folder.glob("*.nc"):
        with xr.open_dataset(path, decode_times=False) as file:
            part = file.isel(lat=slice(30, 50), lon=slice(60, 80)).load()
        path.unlink()
        part.to_netcdf(path)


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return the variables of this process without options of luc-load, and the extra ones."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LUC_LOAD_")}
    return own | dict(extra or {})


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
