"""Reading and writing at once: order, errors of any thread, and threads that end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loader.pipeline import in_turn, overlap


@pytest.fixture(autouse=True)
def _threads_end() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    assert left == []


def run(
    items: Any,  # noqa: ANN401
    sinks: list[Callable[[Any], None]],
    finished: Callable[[Any], None] = lambda item: None,
) -> list[str]:
    """Run and return how often the interrupt was called."""
    interrupts: list[str] = []
    try:
        overlap(items, sinks, finished, lambda: interrupts.append("interrupt"))
    finally:
        assert len(interrupts) <= 1
    return interrupts


def test_every_sink_sees_every_item_in_order() -> None:
    seen: list[list[int]] = [[], [], []]
    finished: list[int] = []

    def slow(item: int) -> None:
        time.sleep(0.002 * (item % 3))
        seen[0].append(item)

    interrupts = run(range(30), [slow, seen[1].append, seen[2].append], finished.append)
    assert seen == [list(range(30))] * 3
    assert finished == list(range(30))
    assert interrupts == []


def test_in_turn_does_the_same_in_one_thread() -> None:
    calls: list[tuple[str, int, bool]] = []

    def note(name: str) -> Callable[[int], None]:
        return lambda item: calls.append((name, item, threading.current_thread() is here))

    here = threading.current_thread()
    in_turn(range(2), [note("a"), note("b")], note("done"))
    assert [(name, item) for name, item, _ in calls] == [
        *(("a", 0), ("b", 0), ("done", 0)),
        *(("a", 1), ("b", 1), ("done", 1)),
    ]
    assert all(same for _, _, same in calls)


def test_finished_comes_after_all_sinks_and_in_the_calling_thread() -> None:
    done: list[int] = []
    threads = set()

    def finished(item: int) -> None:
        threads.add(threading.current_thread())
        assert done.count(item) == 2

    def sink(item: int) -> None:
        time.sleep(0.001)
        done.append(item)

    run(range(10), [sink, sink], finished)
    assert threads == {threading.current_thread()}


def test_nothing_to_do_is_no_error() -> None:
    assert run([], [lambda item: None]) == []


class _Fault(Exception):  # noqa: N818
    pass


@pytest.mark.parametrize("at", [0, 1, 5])
@pytest.mark.parametrize("where", ["items", "first sink", "second sink", "finished"])
def test_the_first_error_of_any_thread_is_raised(where: str, at: int) -> None:
    interrupts: list[str] = []

    def failing(name: str) -> Callable[[int], None]:
        def call(item: int) -> None:
            if name == where and item == at:
                raise _Fault(where)

        return call

    def items() -> Iterator[int]:
        for item in range(1000):
            failing("items")(item)
            yield item

    with pytest.raises(_Fault, match=where):
        overlap(
            items(),
            [failing("first sink"), failing("second sink")],
            failing("finished"),
            lambda: interrupts.append("interrupt"),
        )
    assert interrupts == ["interrupt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("where", ["items", "sink", "finished"])
def test_interruptions_surface_too(error: type[BaseException], where: str) -> None:
    def fail(here: str) -> Callable[[int], None]:
        def call(item: int) -> None:
            if here == where:
                raise error

        return call

    def items() -> Iterator[int]:
        fail("items")(0)
        yield 0

    with pytest.raises(error):
        overlap(items(), [fail("sink")], fail("finished"), lambda: None)


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), KeyboardInterrupt()])
@pytest.mark.parametrize("can_start", [0, 1, 2])
def test_a_thread_that_cannot_start_leaves_none_behind(
    can_start: int, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = threading.Thread.start
    tried: list[threading.Thread] = []

    def start(thread: threading.Thread) -> None:
        tried.append(thread)
        if len(tried) > can_start:
            raise error
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    interrupts: list[str] = []
    with pytest.raises(type(error)):
        overlap(
            iter(range(100)),
            [lambda item: None, lambda item: None],
            lambda item: None,
            lambda: interrupts.append("interrupt"),
        )
    assert interrupts == ["interrupt"]
    assert not any(thread.is_alive() for thread in tried)


def test_an_interrupt_ends_a_sink_that_is_busy() -> None:
    released = threading.Event()

    def busy(item: int) -> None:
        assert released.wait(10)

    def items() -> Iterator[int]:
        yield 1
        raise _Fault

    started = time.monotonic()
    with pytest.raises(_Fault):
        overlap(items(), [busy], lambda item: None, released.set)
    assert time.monotonic() - started < 5


def test_memory_does_not_grow_with_the_items() -> None:
    """The producer stays a few items ahead of the slowest sink."""
    produced: list[int] = []
    gaps: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            produced.append(item)
            yield item

    def slow(item: int) -> None:
        time.sleep(0.01)
        gaps.append(len(produced) - item)

    run(items(), [slow, lambda item: None])
    assert max(gaps) <= 4
