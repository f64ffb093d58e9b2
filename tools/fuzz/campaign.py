"""Judge many inputs in processes of their own, so that one that crashes or hangs is a finding."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from tools.fuzz.files import UnwritableError, write
from tools.fuzz.judge import Verdict, judge_file
from tools.fuzz.published import TARGETS, judge_published, make_template
from tools.fuzz.recipes import draw_recipe

__all__ = ["KINDS", "judge", "run"]

KINDS = ("netcdf", "zarr", *TARGETS)

_SHARES = {"netcdf": 19, "zarr": 5, **dict.fromkeys(TARGETS, 2)}
"""How often each kind comes; the damaged builds take ten times as long."""

_SECONDS = 120.0
"""Longest time of an input, on a machine with other work; usually 0.05 s."""

_SHOWN = 40


def kind_of(seed: int, kinds: list[str]) -> str:
    """Return the kind of the input of a seed, among those that are wanted."""
    names = [name for name in KINDS if name in kinds for _ in range(_SHARES[name])]
    return names[seed * 7 % len(names)]


def judge(seed: int, kind: str, folder: Path, template: Path) -> Verdict:
    """Judge one input in this process.

    Parameters
    ----------
    seed : int
    kind : str
        One of `KINDS`.
    folder : pathlib.Path
        Where its files go; emptied afterwards.
    template : pathlib.Path
        What `make_template` made.
    """
    place = folder / f"input-{seed}"
    place.mkdir()
    try:
        if kind in TARGETS:
            # The target follows from the seed, so that a seed alone repeats an input.
            return judge_published(seed * len(TARGETS) + TARGETS.index(kind), place, template)
        return judge_file(seed, place, kind)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def run(first: int, inputs: int, jobs: int, kinds: list[str]) -> int:
    """Judge inputs and print what became of them.

    Parameters
    ----------
    first : int
        Seed of the first input; the others follow it.
    inputs, jobs : int
        Number of inputs, and of processes.
    kinds : list of str

    Returns
    -------
    int
        0 if nothing was wrong, else 1.
    """
    began = time.monotonic()
    counts: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="luc-fuzz-") as name:
        folder = Path(name)
        make_template(folder)
        seeds = iter(range(first, first + inputs))
        lock = threading.Lock()

        def work(number: int) -> None:
            with _Judge(folder, number) as judge_process:
                while True:
                    with lock:
                        seed = next(seeds, None)
                    if seed is None:
                        return
                    kind = kind_of(seed, kinds)
                    verdict = judge_process.ask(seed, kind)
                    with lock:
                        counts[kind, verdict.outcome] += 1
                        if verdict.outcome == "WRONG":
                            wrong.append(f"seed {seed} ({kind}): {verdict.reason}")
                            print(wrong[-1], flush=True)  # noqa: T201
                        if sum(counts.values()) % 500 == 0:
                            print(f"{sum(counts.values()):,} inputs", flush=True)  # noqa: T201

        threads = [threading.Thread(target=work, args=(number,)) for number in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for (kind, outcome), count in sorted(counts.items()):
        print(f"{kind:10} {outcome:14} {count:6,}")  # noqa: T201
    seconds = time.monotonic() - began
    print(f"{inputs:,} inputs from seed {first}, {seconds:.0f} s: {len(wrong)} wrong")  # noqa: T201
    return 1 if wrong else 0


class _Judge:
    """A process that judges one input after the other, started again after a crash or a hang."""

    def __init__(self, folder: Path, number: int) -> None:
        self._template = folder
        self._folder = folder / f"process-{number}"
        self._folder.mkdir()
        self._process: Any = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(self, seed: int, kind: str) -> Verdict:
        """Return the verdict on an input."""
        if self._pipe is None:
            self._start()
        assert self._pipe is not None
        self._pipe.send((seed, kind))
        try:
            if self._pipe.poll(_SECONDS):
                verdict: Verdict = self._pipe.recv()
                return verdict
            reason = f"hung for {_SECONDS:.0f} s"
        except (EOFError, ConnectionResetError):
            self._process.join()
            reason = f"crashed with code {self._process.exitcode}"
        self._end()
        return Verdict("WRONG", reason) if kind in TARGETS else self._by_command(seed, kind, reason)

    def _by_command(self, seed: int, kind: str, reason: str) -> Verdict:
        """Return the verdict on the command, which tries every file in another process first."""
        recipe = draw_recipe(seed, kind)
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            try:
                path = write(recipe, Path(name))
            except UnwritableError as error:
                return Verdict("unwritable", str(error))
            command = [sys.executable, "-m", "loader", "build", f"--{recipe.source}", str(path)]
            try:
                done = subprocess.run(
                    [*command, "-o", f"{name}/out", "-q"],
                    capture_output=True,
                    text=True,
                    timeout=_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return Verdict("WRONG", f"{reason}; the command hangs too")
            if done.returncode == 3 and len(done.stderr.strip().splitlines()) == 1:
                return Verdict("rejected", done.stderr.strip())
            return Verdict(
                "WRONG", f"{reason}; the command: {done.returncode} {done.stderr[-300:]}"
            )

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(
            target=_judge_all, args=(other, self._folder, self._template), daemon=True
        )
        self._process.start()
        other.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _judge_all(pipe: Connection, folder: Path, template: Path) -> None:
    """Judge what comes through a pipe, until it is closed."""
    # The command tries every file in another process first; here the process itself is expendable.
    import loader.reading.probe  # noqa: PLC0415
    import loader.storing.look  # noqa: PLC0415

    loader.reading.probe._start = lambda *_: None  # noqa: SLF001
    loader.storing.look._exit_code = lambda texts: 0  # noqa: ARG005, SLF001
    while True:
        try:
            seed, kind = pipe.recv()
        except EOFError:
            return
        pipe.send(judge(seed, kind, folder, template))
