"""Anomalies: requests that fail or are slow, and are recorded although the rules said no."""

from typing import Any

import pytest

from tests.tracing.conftest import Make

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    ("path", "route", "status", "events"),
    [("/raise", "/raise", 500, ["exception"]), ("/status/503", "/status/<int:code>", 503, [])],
)
def test_a_fault_is_captured(traced: Make, path: str, route: str, status: int, events: list[str]) -> None:
    """Its root is on both wires, marked, with what a sampled request has; the response says what was decided."""
    app = traced(decision=False, anomalies_per_second=5)
    response = app.client.get(path, headers={"X-Amzn-Trace-Id": f"{ROOT};Sampled=?"})
    assert (response.status_code, response.headers["X-Amzn-Trace-Id"]) == (status, f"{ROOT};Sampled=0")
    (span,), (segment,) = app.spans(), app.datagrams.documents()
    assert segment["trace_id"] == ROOT.removeprefix("Root=")
    assert (segment["annotations"]["anomaly"], segment["fault"]) == ("fault", True)
    assert span.name == f"GET {route}"
    assert span.attributes is not None
    assert (span.attributes["http.route"], span.attributes["http.status_code"]) == (route, status)
    assert [event.name for event in span.events] == events


@pytest.mark.parametrize(
    ("settings", "marks"),
    [
        ({"anomalies_per_second": 5, "slow_seconds": 0.0}, ["slow"]),
        ({"anomalies_per_second": 5, "slow_seconds": 3600.0}, []),
        ({"slow_seconds": 0.0}, []),
    ],
    ids=["slow", "fast", "off"],
)
def test_a_slow_request_is_captured(traced: Make, settings: dict[str, Any], marks: list[str]) -> None:
    app = traced(decision=False, **settings)
    app.client.get("/")
    segments = app.datagrams.documents()
    assert [segment["annotations"]["anomaly"] for segment in segments] == marks
    assert not any("fault" in segment for segment in segments)


def test_no_more_are_captured_in_a_second_than_were_asked_for(traced: Make) -> None:
    """Of a burst, the first ones."""
    app = traced(decision=False, anomalies_per_second=2)
    for _ in range(20):
        app.client.get("/status/500")
    assert 2 <= len(app.datagrams.documents()) <= 4  # two seconds, if one begins meanwhile
