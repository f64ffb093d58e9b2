"""The parts of the suite: inputs, the right answers, contestants, rounds, builds, questions."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from benchmarks.answers import compare
from benchmarks.measure import Cost, run

__all__ = ["Contestant", "Inputs", "Suite", "peers_python", "ratio"]

ROOT = Path(__file__).parent.parent
LUC_LOAD = (sys.executable, "-m", "loader")
REQUIREMENTS = Path(__file__).with_name("peers.txt")
ELUC_FILE = "BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc"


@dataclass(frozen=True)
class Inputs:
    """Two source files and the years of them that are loaded.

    Attributes
    ----------
    folder : pathlib.Path
        Holds states.nc and the ELUC file.
    sampled : tuple of (int, int)
        First and last year that the sample was asked for; its states reach a year further.
    years : str
        FIRST:LAST, both included.
    files : tuple of str
        Which of the two are loaded.
    """

    folder: Path
    sampled: tuple[int, int]
    years: str
    files: tuple[str, ...] = ("states", "eluc")

    @property
    def arguments(self) -> list[str]:
        """Options that luc-load and every contestant understand."""
        paths = {"states": self.folder / "states.nc", "eluc": self.folder / ELUC_FILE}
        named = [part for name in self.files for part in (f"--{name}", str(paths[name]))]
        return [*named, "--years", self.years]

    @property
    def loaded_bytes(self) -> float:
        """Size of both files, less the share of the years in them that are not loaded."""
        asked = _years(self.years)
        held = {"states.nc": self.sampled[1] + 1, ELUC_FILE: self.sampled[1]}
        first = {"states.nc": self.sampled[0], ELUC_FILE: max(1850, self.sampled[0])}
        size = 0.0
        for name, last in held.items():
            years = range(first[name], last + 1)
            loaded = len(set(years) & set(range(asked[0], asked[1] + 1)))
            size += (self.folder / name).stat().st_size * loaded / len(years)
        return size

    @property
    def token(self) -> str:
        """Tell these files and years from others."""
        facts = [self.years]
        for name in ("states.nc", ELUC_FILE):
            status = (self.folder / name).stat()
            facts += [name, str(status.st_size), str(status.st_mtime_ns)]
        return hashlib.sha256(" ".join(facts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Contestant:
    """One route.

    Attributes
    ----------
    name : str
        Of its process, and of the folder of its result.
    label : str
        For readers.
    command : callable
        Takes the folder of the result, which exists and is empty, and gives the command.
    results : callable
        Takes that folder and gives the arguments of contestants/result.py, once for every result
        that is to be compared; none if there is nothing to compare.
    interpreter : pathlib.Path or str
        Python that made the result, and reads it back.
    environment : callable
        Further variables of the environment, made again for every run.
    """

    name: str
    label: str
    command: Callable[[Path], Sequence[str | Path]]
    results: Callable[[Path], list[list[str]]]
    interpreter: Path | str = sys.executable
    environment: Callable[[Path], dict[str, str]] = field(default=lambda _: {})


def _label(options: Sequence[str], *, first: bool) -> str:
    if first:
        return "luc-load, the first build on a machine"
    return "luc-load, one worker" if "--workers" in options else "luc-load"


def ratio(
    ours: Sequence[Cost],
    theirs: Sequence[Cost],
    cost: Callable[[Cost], float] = attrgetter("seconds"),
) -> float:
    """Return the median of the ratios within each round: noise hits both sides of one alike."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(cost(mine) / cost(other) for mine, other in pairs)


def peers_python(work: Path) -> Path:
    """Return the Python of the peers' own environment, made unless it is there and right."""
    environment = work / "peers"
    wanted = REQUIREMENTS.read_text()
    stamp = environment / "requirements"
    python = environment / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True)
        stamp.write_text(wanted)
    return python


class Suite:
    """What the measurements share.

    Parameters
    ----------
    work : pathlib.Path
        Everything is kept below it.
    peers : pathlib.Path or str
        Python of the peers.
    resolution : str
        Degrees.
    say : callable
        Told what is being done.
    """

    def __init__(
        self, work: Path, peers: Path | str, resolution: str, say: Callable[[str], None]
    ) -> None:
        self.work = work
        self.say = say
        self.peers = peers
        self._resolution = resolution
        self._log = work / "log.txt"
        self._cache = work / "cache"
        self.cell = _london(float(resolution))

    def sample(self, first: int, last: int, years: str) -> Inputs:
        """Make the two source files, or find them made, of which some years are to be loaded."""
        folder = self.work / f"raw-{first}-{last}-{self._resolution}"
        self.say(f"sample {first}:{last} at {self._resolution} degree")
        asked = ["--years", f"{first}:{last}", "--resolution", self._resolution]
        run([*LUC_LOAD, "sample", *asked, "--only", "eluc,states", "-o", folder], self._log)
        return Inputs(folder, (first, last), years)

    def reference(self, inputs: Inputs, probe_year: int) -> Path:
        """Compute the right answers, or find them computed for just these files."""
        path = self.work / f"reference-{inputs.token}-{probe_year}-{_digest_of('reference')}.json"
        if not path.is_file():
            self.say(f"the right answers of {inputs.years}, with plain xarray and NumPy")
            unfinished = path.with_suffix(".tmp")
            probe = ["--probe-cell", str(self.cell), "--probe-year", str(probe_year)]
            command = self._module(self.peers, "contestants.reference")
            asked = [*command, *inputs.arguments, *probe, "--out", str(unfinished)]
            run(asked, self._log, self._paths())
            unfinished.replace(path)
        return path

    def contestants(self, inputs: Inputs) -> list[Contestant]:
        """Return all routes for some inputs, luc-load first."""

        def peer(name: str, label: str, out: str, kind: str) -> Contestant:
            module = self._module(self.peers, f"contestants.{name}")
            return Contestant(
                name,
                label,
                lambda folder: [*module, *inputs.arguments, "--out", folder / out],
                lambda folder: [[f"--{kind}", str(folder / out)]],
                self.peers,
                lambda _: self._paths(),
            )

        only_read = self._module(self.peers, "contestants.xarray_pass")
        return [
            self.luc_load(inputs),
            self.luc_load(inputs, first=True),
            self.luc_load(inputs, "--workers", "1", name="luc_load_one_lane"),
            Contestant(
                "xarray_pass",
                "one xarray pass, reading only",
                lambda _: [*only_read, *inputs.arguments],
                lambda _: [],
                self.peers,
                lambda _: self._paths(),
            ),
            peer("xarray_sql_duckdb", "xarray-sql to DuckDB", "peer.duckdb", "database"),
            peer("pandas_duckdb", "pandas to DuckDB", "peer.duckdb", "database"),
            peer("dask_parquet", "dask to Parquet", "parquet", "parquet"),
        ]

    def luc_load(
        self, inputs: Inputs, *more: str, first: bool = False, name: str = "luc_load"
    ) -> Contestant:
        """Return luc-load's build; a `first` one remembers no land mask."""

        def results(folder: Path) -> list[list[str]]:
            cells = str(folder / "parquet" / "cell" / "cell.parquet")
            return [
                ["--database", str(folder / "luc.duckdb")],
                ["--parquet", str(folder / "parquet"), "--cells", cells],
            ]

        def environment(folder: Path) -> dict[str, str]:
            cache = folder.with_name(f"{folder.name}-cache") if first else self._cache
            if first:
                shutil.rmtree(cache, ignore_errors=True)
            return self._paths() | {"XDG_CACHE_HOME": str(cache)}

        return Contestant(
            f"{name}_first" if first else name,
            _label(more, first=first),
            lambda folder: [*LUC_LOAD, "build", *inputs.arguments, *more, "-q", "-o", folder],
            results,
            environment=environment,
        )

    def out(self, contestant: Contestant) -> Path:
        """Return the folder of a contestant's latest result."""
        return self.work / "out" / contestant.name

    def once(self, contestant: Contestant, reference: Path | None) -> Cost:
        """Run a contestant into an empty folder, and compare its answers first.

        Raises
        ------
        MismatchError
            If its result does not hold what the files hold.
        FailedError
            If it fails.
        """
        out = self.out(contestant)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        self.say(contestant.label)
        cost = run(contestant.command(out), self._log, contestant.environment(out))
        if reference is not None:
            expected = json.loads(reference.read_text())
            for arguments in contestant.results(out):
                reader = [*self._module(contestant.interpreter, "contestants.result"), *arguments]
                found = json.loads(run(reader, self._log, self._paths()).output)
                compare(contestant.name, found, expected)
        return cost

    def race(
        self, contestants: Sequence[Contestant], reference: Path, rounds: int
    ) -> dict[str, list[Cost]]:
        """Run all contestants in turn, `rounds` times; each round begins with the next one."""
        # Untimed: the files into the page cache, bytecode to disk, the land mask remembered.
        for contestant in contestants:
            self.once(contestant, reference)
        costs: dict[str, list[Cost]] = {contestant.name: [] for contestant in contestants}
        for number in range(rounds):
            self.say(f"round {number + 1} of {rounds}")
            shift = number % len(contestants)
            for contestant in [*contestants[shift:], *contestants[:shift]]:
                costs[contestant.name].append(self.once(contestant, reference))
        return costs

    def questions(self, database: Path, reference: Path, probe_year: int) -> dict[str, Any]:
        """Time the questions to a database, in a process of their own."""
        self.say(f"questions to {database}")
        command = self._module(sys.executable, "queries")
        asked = [*command, str(database), str(reference), str(self.cell), str(probe_year)]
        cost = run(asked, self._log, self._paths())
        found: dict[str, Any] = json.loads(cost.output)
        return found

    def first_rows(self, database: Path, views: Sequence[str]) -> dict[str, dict[str, float]]:
        """Ask every view for 200 rows, in a process each."""
        found = {}
        for view in views:
            self.say(f"200 rows of {view}")
            command = [*self._module(sys.executable, "view_limit"), str(database), view]
            cost = run(command, self._log, self._paths())
            found[view] = {"seconds": float(cost.output), "peak_bytes": cost.peak_bytes}
        return found

    def analyst(self, database: Path, inputs: Inputs, year: int) -> dict[str, dict[str, float]]:
        """Time the questions of analysts: the view, a query by hand, and xarray."""
        self.say(f"questions of analysts to {database}, by hand, and with xarray")
        sources = [str(inputs.folder / "states.nc"), str(inputs.folder / ELUC_FILE)]
        command = [*self._module(sys.executable, "analyst"), str(database), *sources]
        asked = [*command, inputs.years, str(self.cell), str(year)]
        cost = run(asked, self._log, self._paths())
        found: dict[str, dict[str, float]] = json.loads(cost.output)
        return found

    def start_up(self, *arguments: str, repeats: int = 7) -> float:
        """Return the median seconds of a short command of luc-load, as a whole process."""
        command = [*LUC_LOAD, *arguments]
        return statistics.median(run(command, self._log).seconds for _ in range(repeats + 1))

    def knows(self, command: str) -> bool:
        """Return whether luc-load has a command."""
        asked = [*LUC_LOAD, command, "--help"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    @staticmethod
    def _module(python: Path | str, name: str) -> list[str]:
        return [str(python), "-m", f"benchmarks.{name}"]

    @staticmethod
    def _paths() -> dict[str, str]:
        """Make the suite importable, and luc-load stay so."""
        given = os.environ.get("PYTHONPATH", "")
        return {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, given.split(os.pathsep))])}


def _years(text: str) -> tuple[int, int]:
    first, last = map(int, text.split(":"))
    return first, last


def _london(resolution: float) -> int:
    """Return the cell of 51.625 N, 0.125 W."""
    return int((90 - 51.625) / resolution) * round(360 / resolution) + int(179.875 / resolution)


def _digest_of(script: str) -> str:
    """Tell a version of a script from another, so that answers are not kept across a change."""
    text = (Path(__file__).parent / "contestants" / f"{script}.py").read_bytes()
    return hashlib.sha256(text).hexdigest()[:8]
