"""Seeded faults, one build each: the damage is looked at, and the same command must heal it."""

from __future__ import annotations

import queue
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tools.torture.faults import Fault, Shim
from tools.torture.ground import BrokenPromiseError, Ground, promised

__all__ = ["Field", "Outcome", "at_calls", "at_moments", "try_fault", "try_moment"]


@dataclass(frozen=True)
class Outcome:
    """What became of one build.

    Attributes
    ----------
    kind : str
        What went wrong: a mode of the faults, or "moment".
    where : str
        The call and what it was on, or the phase of the build.
    fresh : bool
        Whether there was no old build.
    left : str
        Which database was there afterwards: old, new or none.
    code : int
        The exit code; negative is a signal.
    seconds : float
    broken : str
        The promise that was broken; empty if none was.
    """

    kind: str
    where: str
    fresh: bool
    left: str
    code: int
    seconds: float
    broken: str = ""


Field = tuple[Ground, Shim]
"""A place to build in, and the faults of the builds there."""

Point = TypeVar("Point")


def at_calls(
    fields: Sequence[Field], modes: tuple[str, ...], count: int, seed: int
) -> Iterator[Outcome]:
    """Yield the outcome of `count` faults at calls drawn without replacement, modes in turn.

    A third of the builds have no old database to replace. As many run at a time as there are
    fields, which are alike.
    """
    rng = random.Random(seed)
    calls = {fresh: count_calls(*fields[0], fresh=fresh) for fresh in (False, True)}
    points = {
        (mode, fresh): iter(rng.sample(range(1, number + 1), number))
        for mode in modes
        for fresh, number in calls.items()
    }
    chosen = []
    for index in range(count):
        mode, fresh = modes[index % len(modes)], index // len(modes) % 3 == 2
        if (at := next(points[mode, fresh], None)) is not None:
            chosen.append((Fault(mode, at), fresh))
    yield from _shared(
        fields, chosen, lambda field, point: try_fault(*field, point[0], fresh=point[1])
    )


def _shared(
    fields: Sequence[Field], points: Sequence[Point], attempt: Callable[[Field, Point], Outcome]
) -> Iterator[Outcome]:
    """Try every point on whichever field is idle; yield outcomes in the order of the points."""
    idle: queue.SimpleQueue[Field] = queue.SimpleQueue()
    for field in fields:
        idle.put(field)

    def on_idle(point: Point) -> Outcome:
        field = idle.get()
        try:
            return attempt(field, point)
        finally:
            idle.put(field)

    with ThreadPoolExecutor(len(fields)) as threads:
        yield from threads.map(on_idle, points)


def count_calls(ground: Ground, shim: Shim, *, fresh: bool) -> int:
    """Return how many calls change files in a build that goes well."""
    ground.prepare(fresh=fresh)
    done = ground.run("--workers", "1", env=shim.environment(ground.out, None))
    promised(done.returncode == 0, done.stderr)
    return shim.count()


def try_fault(ground: Ground, shim: Shim, fault: Fault, *, fresh: bool) -> Outcome:
    """Build with a fault, look at the damage, and build again."""
    began = time.monotonic()
    ground.prepare(fresh=fresh)
    done = ground.run("--workers", "1", env=shim.environment(ground.out, fault))
    hit = shim.hit()
    where = _name(ground, *hit) if hit else "not reached"
    left, broken = "?", ""
    try:
        left = ground.check_damage(done.stderr, fresh=fresh)
        _check_code(fault, hit is not None, done, left)
        ground.check_healed(ground.run())
    except BrokenPromiseError as error:
        broken = f"{fault.mode} at call {fault.at}: {error}"
    seconds = time.monotonic() - began
    return Outcome(fault.mode, where, fresh, left, done.returncode, seconds, broken)


def _check_code(
    fault: Fault, is_hit: bool, done: subprocess.CompletedProcess[str], left: str
) -> None:
    if fault.mode in {"kill", "torn"} and is_hit:
        promised(done.returncode == -signal.SIGKILL, f"ends with {done.returncode}, not killed")
        return
    promised(done.returncode in {0, 1}, f"ends with {done.returncode}: {done.stderr}")
    if done.returncode == 0:
        promised(left == "new", "it says that all is well, and the old database is there")
        return
    said = done.stderr.splitlines()
    errors = [line for line in said if line.startswith("luc-load: error: ")]
    promised(len(errors) == 1, f"it does not say in one line what went wrong: {done.stderr!r}")
    promised("internal error of luc-load" not in errors[0], f"it has no words for it: {errors[0]}")


def at_moments(fields: Sequence[Field], count: int, seed: int) -> Iterator[Outcome]:
    """Yield the outcome of `count` kills at random moments of builds with their usual threads."""
    rng = random.Random(seed)
    ground = fields[0][0]
    ground.prepare()
    began = time.monotonic()
    promised(ground.run().returncode == 0, "a build that is left alone fails")
    whole = time.monotonic() - began
    moments = [rng.uniform(0, whole * 1.05) for _ in range(count)]
    yield from _shared(fields, moments, lambda field, moment: try_moment(field[0], moment))


def try_moment(ground: Ground, seconds: float, number: signal.Signals = signal.SIGKILL) -> Outcome:
    """Build, send a signal after some seconds, look at the damage, and build again."""
    began = time.monotonic()
    ground.prepare()
    where, left, code, broken = "", "?", 0, ""
    try:
        done = ground.run_for(seconds, number)
        code = done.returncode
        where = phase(ground.out) if code else "after the end"
        left = ground.check_damage(done.stderr)
        expected = {0, -number, 128 + number}
        promised(code in expected, f"ends with {code}: {done.stderr}")
        ground.check_healed(ground.run())
    except BrokenPromiseError as error:
        broken = f"{number.name} after {seconds:.2f} s: {error}"
    took = time.monotonic() - began
    return Outcome("moment", where, False, left, code, took, broken)


def phase(out: Path) -> str:
    """Return how far a build that was stopped had come, in words."""
    stage = out / ".luc-load" / "stage"
    if not stage.exists():
        return "before the first part" if (out / ".luc-load").exists() else "before it began"
    if (stage / "complete").exists():
        return "publishing"
    parts = list((stage / "parquet").glob("*/*.parquet"))
    if any(path.parent.name == "cell" for path in parts):
        return "finishing"
    return "loading" if parts else "before the first part"


def _name(ground: Ground, call: str, path: Path) -> str:
    """Return a call and what it was on, without names that differ from part to part."""
    try:
        inside = path.relative_to(ground.out)
    except ValueError:
        inside = Path()
    parts = inside.parts
    if parts[:2] == (".luc-load", "stage"):
        parts = parts[2:]
    text = "/".join(parts) or "the folder itself"
    # Temporary files have random names; that of the map has none.
    text = re.sub(r"#\d+ \(deleted\)$", "sums of the map", text)
    text = re.sub(r"\.([^/]+)\.[0-9a-f]{16}\.tmp$", r"\1.tmp", text)
    text = re.sub(r"parquet/\w+/[^/]*\.parquet", "parquet part", text)
    text = re.sub(r"parquet/\w+$", "folder of parts", text)
    text = re.sub(r"(replaced|discarded)/.*", r"\1", text)
    return f"{call} {text}"
