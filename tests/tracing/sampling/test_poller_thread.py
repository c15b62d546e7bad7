"""The thread of the poller ends when it is stopped, and writes no line afterwards."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from cruddur_tracing.sampling.poller import Poller
from cruddur_tracing.sampling.rules import Rules
from cruddur_tracing.sampling.settings import Schedule
from tests.tracing.sampling.polled import Agent, refused
from tests.tracing.served import until


def test_the_thread_ends_when_it_is_stopped() -> None:
    """It closes its connection; stopping it twice, or before it was started, does nothing more."""
    agent = Agent()
    poller = Poller(Rules(), agent, Schedule())
    poller.start()
    until(lambda: agent.fetches)
    poller.stop()
    poller.stop()
    until(lambda: {"closed": True} in agent.calls)
    Poller(Rules(), agent, Schedule()).stop()


class SlowHandler(logging.Handler):
    """Is in the middle of a line from `begun` until `may_end`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, in its own time."""
        self.begun.set()
        self.may_end.wait()
        self.lines.append(record.getMessage())


@pytest.fixture
def slow() -> Iterator[SlowHandler]:
    """Listen to the library's log."""
    handler, log = SlowHandler(), logging.getLogger("cruddur_tracing")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)
    log.setLevel(before)


def test_the_end_waits_for_a_line_under_way_and_none_comes_after_it(
    slow: SlowHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interpreter that ends while a thread is writing to its standard error aborts."""
    monkeypatch.setattr("cruddur_tracing.sampling.poller.LINE_SECONDS", 60.0)
    agent = Agent()
    poller = Poller(Rules(), agent, Schedule())
    poller.start()
    assert slow.begun.wait(10)
    end = threading.Thread(target=poller.stop)
    end.start()
    end.join(0.1)
    assert end.is_alive()
    slow.may_end.set()
    end.join(10)
    assert len(slow.lines) == 1
    agent.fails = refused()
    poller._rules_due = time.monotonic()
    poller.step()
    assert len(slow.lines) == 1


def test_the_end_does_not_wait_for_ever(slow: SlowHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that hangs does not keep the process."""
    monkeypatch.setattr("cruddur_tracing.sampling.poller.LINE_SECONDS", 0.1)
    poller = Poller(Rules(), Agent(), Schedule())
    poller.start()
    assert slow.begun.wait(10)
    poller.stop()
    assert slow.lines == []
    slow.may_end.set()
