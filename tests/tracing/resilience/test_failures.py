"""What the tracing could not do is counted, and logged at most once a minute."""

import logging

import pytest

from cruddur_tracing.resilience.failures import Failures
from tests.tracing.wires.conftest import wait_until


def test_each_event_is_logged_once_a_minute_with_its_count(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand lost segments make one line; the next minute's line says how many there were."""
    now = [0.0]
    failures = Failures(clock=lambda: now[0])
    with caplog.at_level(logging.WARNING, "cruddur_tracing"):
        for second in (0.0, 1.0, 59.9, 60.0, 60.1):
            now[0] = second
            failures.note("segment.lost", "away")
        failures.note("span.hook", "other")
    assert caplog.messages == [
        "segment.lost: away (1 since the last such line, 1 in all)",
        "segment.lost: away (3 since the last such line, 4 in all)",
        "span.hook: other (1 since the last such line, 1 in all)",
    ]
    assert failures.counts == {"segment.lost": 5, "span.hook": 1}


def test_several_are_counted_at_once_and_the_end_reports_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    """What a minute's silence has hidden is logged at the end of the process, once."""
    failures = Failures(clock=lambda: 0.0)
    failures.report()
    with caplog.at_level(logging.WARNING, "cruddur_tracing"):
        for count, detail in ((2, "first"), (30, "second"), (400, "third")):
            failures.note("segment.lost", detail, count)
        failures.note("span.hook", "other")
        failures.report()
        failures.report()
    assert caplog.messages == [
        "segment.lost: first (2 since the last such line, 2 in all)",
        "span.hook: other (1 since the last such line, 1 in all)",
        "segment.lost: third (430 since the last such line, 432 in all)",
    ]


def test_what_a_silence_hides_is_logged_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """Though the event does not happen again; and not a second time at the end."""
    failures = Failures(silent_seconds=0.2)
    with caplog.at_level(logging.WARNING, "cruddur_tracing"):
        failures.note("segment.lost", "away")
        failures.note("segment.lost", "away", 30)
        wait_until(lambda: len(caplog.messages) == 2)
        failures.report()
    assert caplog.messages[1:] == ["segment.lost: away (30 since the last such line, 31 in all)"]


def test_a_forked_process_counts_from_nothing() -> None:
    """What its parent lost is the parent's to report."""
    failures = Failures()
    failures.note("segment.lost", "away")
    failures.restart()
    assert failures.counts == {}
