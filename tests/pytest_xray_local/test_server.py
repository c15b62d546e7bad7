"""The fixture on a real xray-local: waiting, messages, reset, environment."""

import os
import socket
import threading
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal, entry
from pytest_xray_local.process import running
from tests.pytest_xray_local.conftest import TRACE_ID, put, segment, subsegment

pytestmark = pytest.mark.process


def test_one_trace_is_awaited_until_it_is_complete(xray_local: XRayLocal) -> None:
    """A segment in progress is followed by its end."""
    running = segment(1, in_progress=True)
    del running["end_time"]
    put(xray_local, running)
    later = threading.Timer(0.4, put, (xray_local, segment(1, subsegments=[subsegment(2, "load")])))
    later.start()
    trace = xray_local.one_trace('service("shop")')
    later.join()
    assert trace.id == TRACE_ID
    assert trace == entry("shop", entry("load"))


def test_an_incomplete_trace_is_shown(xray_local: XRayLocal) -> None:
    put(xray_local, segment(1, subsegments=[subsegment(2, "load", annotations={"rows": 3})]))
    with pytest.raises(AssertionError) as failed:
        xray_local.one_trace(wires=("otlp",), seconds=0.1)
    assert str(failed.value).splitlines() == [
        "expected 1 complete trace within 0.1 s, found 1",
        "incomplete: shop did not arrive by otlp",
        "incomplete: load did not arrive by otlp",
        f"trace {TRACE_ID}",
        "  shop  (segment, segments)",
        "    load  annotations.rows=3  (subsegment, segments)",
    ]


def test_another_trace_is_shown(xray_local: XRayLocal) -> None:
    put(xray_local, segment(1))
    with pytest.raises(
        AssertionError, match=r"(?s)^expected 1 .* that match 'fault' within 0.1 s, found 0\n1 other .*shop"
    ):
        xray_local.one_trace("fault", seconds=0.1)


def test_nothing_is_explained(xray_local: XRayLocal) -> None:
    """With the addresses, and whether an SDK fetched the rules."""
    with pytest.raises(AssertionError) as failed:
        xray_local.one_trace(seconds=0.1)
    assert str(failed.value).splitlines()[1:] == [
        f"nothing arrived: segments are expected on {xray_local.agent} (UDP), spans on {xray_local.otlp}/v1/traces",
        "the sampling rules were fetched 0 times: was the app configured before xray_local set its variables?",
    ]


def test_a_rejected_document_is_explained(xray_local: XRayLocal) -> None:
    """By what xray-local has logged of it."""
    host, _, port = xray_local.agent.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b'{"format": "json", "version": 1}\n{"id": "1"}', (host, int(port)))
    with pytest.raises(AssertionError, match=r"documents rejected by xray-local: 1\n\S"):
        xray_local.one_trace(seconds=1)


def test_traces_are_counted(xray_local: XRayLocal) -> None:
    """Without a count, what is there now."""
    assert xray_local.traces() == []
    second = TRACE_ID[:-1] + "2"
    put(xray_local, segment(1), segment(2, "other", trace_id=second))
    assert {trace.id for trace in xray_local.traces(count=2)} == {TRACE_ID, second}
    assert [trace.root.name for trace in xray_local.traces('service("other")')] == ["other"]


def test_a_trace_of_many_rows_is_read_whole(xray_local: XRayLocal) -> None:
    """The page has a window of 200 rows."""
    put(xray_local, segment(1, subsegments=[subsegment(number, "load") for number in range(2, 452)]))
    assert len(xray_local.one_trace().entries) == 451


def test_a_filter_that_is_not_valid_is_named(xray_local: XRayLocal) -> None:
    with pytest.raises(ValueError, match=r"traces.json\?filter=servic: .*'servic'"):
        xray_local.traces("servic")


def test_a_test_begins_empty_and_samples_everything(xray_local: XRayLocal) -> None:
    """Whatever the test before it did."""
    assert xray_local.traces() == []
    rules = xray_local.call("GetSamplingRules", {})["SamplingRuleRecords"]
    assert [record["SamplingRule"]["FixedRate"] for record in rules] == [1.0]
    xray_local.sample(0)
    [record] = xray_local.call("GetSamplingRules", {})["SamplingRuleRecords"]
    assert (record["SamplingRule"]["FixedRate"], record["SamplingRule"]["ReservoirSize"]) == (0.0, 0)
    assert {name: os.environ[name] for name in xray_local.environment} == xray_local.environment


def test_variables_that_lead_elsewhere_are_removed(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """A key of Honeycomb's would be sent to xray-local."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-honeycomb-team=key")
    request.getfixturevalue("xray_local")
    assert "OTEL_EXPORTER_OTLP_HEADERS" not in os.environ


def test_an_xray_local_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xray_local.py").write_text("raise SystemExit('no memory')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"^xray-local did not start: no memory$"), running():
        pass
