"""What the tracing could not do is counted, and logged at most once a minute."""

import logging

import pytest

from cruddur_tracing.failures import Failures


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
