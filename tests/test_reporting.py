"""Progress and notices: one call at a time, and drawn only where a person watches."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from loader.reporting import Progress, Reporter, Silent, synchronized
from loader.terminal import TerminalReporter


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clumsy(Silent):
    """A reporter that notices when it is called twice at once."""

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self.calls = 0

    def _called(self) -> None:
        assert self._busy.acquire(blocking=False), "called from two threads at once"
        time.sleep(0.0005)
        self.calls += 1
        self._busy.release()

    def notice(self, text: str) -> None:
        self._called()

    def detail(self, text: str) -> None:
        self._called()

    def progress(self, state: Progress) -> None:
        self._called()

    def finished(self) -> None:
        self._called()


def call_everything(reporter: Reporter, rounds: int) -> None:
    for year in range(rounds):
        reporter.notice("a notice")
        reporter.detail("a detail")
        reporter.progress(Progress("state", year, 10, year / rounds))
        reporter.finished()


def test_a_reporter_is_called_from_one_thread_at_a_time() -> None:
    clumsy = Clumsy()
    reporter = synchronized(clumsy)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(call_everything, reporter, 10) for _ in range(4)]
        for one in done:
            one.result()
    assert clumsy.calls == 4 * 10 * 4


def test_a_reporter_may_report_from_within() -> None:
    class Nested(Silent):
        def __init__(self) -> None:
            self.texts: list[str] = []

        def progress(self, state: Progress) -> None:
            outer.notice(state.text())

        def notice(self, text: str) -> None:
            self.texts.append(text)

    nested = Nested()
    outer = synchronized(nested)
    outer.progress(Progress("eluc", 1990, 0, 0.5))
    assert nested.texts == ["eluc 1990"]
    assert synchronized(outer) is outer


def test_a_bar_shows_share_task_and_year_and_then_goes() -> None:
    screen = Screen()
    reporter = TerminalReporter(screen)
    reporter.progress(Progress("state", 1990, 1000, 0.25))
    assert " 25% |" in screen.getvalue() or "  0% |" in screen.getvalue()
    assert "state 1990" in screen.getvalue()
    reporter.notice("read this")
    assert "\rluc-load: read this\n" in screen.getvalue()
    reporter.finished()
    assert screen.getvalue().endswith("\r"), "the line is blank again"
    assert screen.getvalue().split("\r")[-2].strip() == ""


def test_a_text_without_a_share_is_shown_as_it_is() -> None:
    screen = Screen()
    reporter = TerminalReporter(screen)
    reporter.progress(Progress("states  80% of 10 MB", None, 0, None))
    reporter.finished()
    assert "states  80% of 10 MB" in screen.getvalue()
    assert "|" not in screen.getvalue()


def test_a_new_run_begins_a_new_bar() -> None:
    screen = Screen()
    reporter = TerminalReporter(screen)
    for task, share in (("sample of eluc", 1.0), ("sample of states", 0.0)):
        reporter.progress(Progress(task, None, 0, share))
    reporter.finished()
    assert screen.getvalue().rindex("sample of states") > screen.getvalue().rindex("sample of eluc")


@pytest.mark.parametrize(
    ("verbosity", "text"),
    [
        (-1, ""),
        (0, "luc-load: a notice\n"),
        (1, "luc-load: a notice\nluc-load: a detail\nluc-load: state 1990 (50%)\n"),
    ],
)
def test_a_file_gets_lines_and_never_a_bar(verbosity: int, text: str) -> None:
    stream = io.StringIO()
    reporter = TerminalReporter(stream, verbosity)
    reporter.notice("a notice")
    reporter.detail("a detail")
    reporter.progress(Progress("state", 1990, 10, 0.5))
    reporter.progress(Progress("download", None, 0, None))
    reporter.finished()
    assert stream.getvalue() == text


def test_quiet_draws_nothing_on_a_terminal() -> None:
    screen = Screen()
    reporter = TerminalReporter(screen, -1)
    call_everything(reporter, 2)
    assert screen.getvalue() == ""


def test_no_thread_watches_the_bar() -> None:
    before = threading.active_count()
    reporter = TerminalReporter(Screen())
    reporter.progress(Progress("state", 1990, 10, 0.5))
    assert threading.active_count() == before
    reporter.finished()


def test_a_program_reports_nowhere_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    synchronized(None).notice("nobody reads this")
    assert capsys.readouterr() == ("", "")
