"""Lanes: jobs side by side, turns in order, the first error whoever is first, threads that end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from loader.lanes import Turn, read_ahead, run_interruptibly, run_lanes

LANES = [1, 2, 5]


@pytest.fixture(autouse=True)
def _threads_end() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


def no_interrupt() -> None:
    pytest.fail("nothing was interrupted")


class _Fault(Exception):  # noqa: N818
    pass


@pytest.mark.parametrize("lanes", LANES)
def test_turns_come_in_the_order_of_the_jobs(lanes: int) -> None:
    ended: list[int] = []

    def job(number: int) -> Callable[[Turn], None]:
        def work(turn: Turn) -> None:
            time.sleep(0.002 * (7 * number % 5))
            turn.wait()
            assert ended == list(range(number))
            time.sleep(0.001)
            ended.append(number)

        return work

    run_lanes([job(number) for number in range(20)], lanes, no_interrupt)
    assert ended == list(range(20))


def test_jobs_run_at_the_same_time_in_lanes_of_their_own() -> None:
    together = threading.Barrier(3)
    lanes: set[int] = set()

    def work(turn: Turn) -> None:
        together.wait(timeout=10)
        lanes.add(turn.lane)

    run_lanes([work] * 3, 3, no_interrupt)
    assert lanes == {0, 1, 2}


@pytest.mark.parametrize("lanes", LANES)
def test_a_job_may_wait_for_the_first_ones_alone(lanes: int) -> None:
    ended: list[int] = []
    seen: list[list[int]] = []

    def early(turn: Turn) -> None:
        time.sleep(0.01)
        turn.wait()
        ended.append(len(ended))

    def late(turn: Turn) -> None:
        turn.wait_for(2)
        seen.append(ended[:2])

    run_lanes([early, early, lambda _: time.sleep(0.05), late, late], lanes, no_interrupt)
    assert seen == [[0, 1], [0, 1]]


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("late", [False, True])
def test_the_error_of_the_first_job_is_raised_and_no_later_turn_comes(
    lanes: int, late: bool
) -> None:
    """Two jobs fail, the later one sooner: with one lane it is not even begun."""
    turns: list[int] = []

    def job(number: int) -> Callable[[Turn], None]:
        def work(turn: Turn) -> None:
            if number == 4:
                raise _Fault("the later")
            if number == 3:
                time.sleep(0.05)
                if late:
                    turn.wait()
                raise _Fault("the first")
            turn.wait()
            turns.append(number)

        return work

    with pytest.raises(_Fault, match="the first"):
        run_lanes([job(number) for number in range(9)], lanes, no_interrupt)
    assert turns == [0, 1, 2]


@pytest.mark.parametrize("lanes", LANES)
def test_an_interruption_ends_running_and_waiting_jobs(lanes: int) -> None:
    interrupted = threading.Event()
    begun: list[int] = []
    ended: list[int] = []

    def work(turn: Turn) -> None:
        begun.append(turn.lane)
        if len(begun) == 1:
            time.sleep(0.05)  # the calling thread waits by now
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupted.wait(timeout=10)
            time.sleep(0.05)
            ended.append(turn.lane)
        else:
            turn.wait()

    with pytest.raises(KeyboardInterrupt):
        run_lanes([work] * 50, lanes, interrupted.set)
    assert len(begun) <= lanes
    assert len(ended) == 1, "the job that ran when the signal came ran to its end"


def test_nothing_to_do_is_no_error() -> None:
    run_lanes([], 2, no_interrupt)
    assert list(read_ahead([])) == []


def test_work_is_done_in_another_thread_and_its_error_raised_here() -> None:
    threads: list[threading.Thread] = []
    run_interruptibly(lambda: threads.append(threading.current_thread()), no_interrupt)
    assert threads != [threading.current_thread()]

    def fail() -> None:
        raise _Fault("there")

    with pytest.raises(_Fault, match="there"):
        run_interruptibly(fail, no_interrupt)


def test_items_are_made_one_ahead_and_in_order() -> None:
    made: list[int | None] = []

    def items() -> Iterator[int | None]:
        for item in (0, None, 2, 3):
            made.append(item)
            yield item

    ahead = read_ahead(items())
    assert next(ahead) == 0
    time.sleep(0.05)
    assert made == [0, None]
    assert list(ahead) == [None, 2, 3]


def test_an_error_while_reading_ahead_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise _Fault("of the reader")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(_Fault, match="of the reader"):
        next(ahead)


def test_a_consumer_that_fails_ends_the_reader() -> None:
    endless = iter(lambda: 1, 0)

    def consume() -> None:
        for _ in read_ahead(endless):
            raise _Fault("of the consumer")

    with pytest.raises(_Fault, match="of the consumer"):
        consume()
