"""The backend as a process, started with its usual command: the data that arrives at the sinks."""

import contextlib
import itertools
import urllib.error
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.backend.processes import GUNICORN, INSTRUMENTED, Backend, get, running_backend, to
from tests.backend.sinks import Sinks, Span, running_sinks
from tests.waiting import until

pytestmark = pytest.mark.process

HOME, FAIL = "/api/activities/home", "/api/activities/fail"
NOTIFICATIONS, UNKNOWN_USER = "/api/activities/notifications", "/api/activities/@nobody"
ROUTES = (HOME, NOTIFICATIONS, "/api/activities/@worf", UNKNOWN_USER)
SERVER, ERROR = 2, 2  # OTLP's numbers: SPAN_KIND_SERVER, STATUS_CODE_ERROR
COMMANDS = {"plain": INSTRUMENTED, "preload": (*INSTRUMENTED[:2], "--preload", *INSTRUMENTED[2:])}

Ports = Callable[[], int]


def _by_name(sinks: Sinks) -> dict[str, Span]:
    return {span.name: span for span in sinks.received.spans}


def _both_have(sinks: Sinks, backend: Backend) -> None:
    """Wait until each sampled request of the access log has arrived at both sinks."""
    sampled = {line["trace_id"] for line in backend.requests() if line["sampled"]}
    otel_ids = {line["otel_trace_id"] for line in backend.requests() if line["sampled"]}
    segments = sinks.received.segments
    until(lambda: sampled == {segment["trace_id"] for segment in segments}, "every segment has arrived")
    until(lambda: otel_ids == {span.trace_id for span in sinks.received.spans}, "every span has arrived")


def _wake_all_workers(backend: Backend, workers: int = 2) -> None:
    """Send requests until each worker has answered one."""

    def all_answered() -> bool:
        get(backend.url + HOME)
        return len({line["pid"] for line in backend.requests()}) == workers

    until(all_answered, f"{workers} workers have answered")


@dataclass(frozen=True, slots=True)
class Visited:
    """A backend that has answered requests and was stopped, and the sinks that have what it sent."""

    backend: Backend
    sinks: Sinks

    def recorded(self, path: str) -> tuple[dict[str, Any], list[Span]]:
        """Return the segment and the spans of the first sampled request for a path."""
        line = _sampled(self.backend, path)[0]
        (segment,) = [segment for segment in self.sinks.received.segments if segment["trace_id"] == line["trace_id"]]
        return segment, [span for span in self.sinks.received.spans if span.trace_id == line["otel_trace_id"]]


def _sampled(backend: Backend, path: str) -> list[dict[str, Any]]:
    return [line for line in backend.requests() if line["path"] == path and line["sampled"]]


@pytest.fixture(scope="module", params=list(COMMANDS.values()), ids=list(COMMANDS))
def visited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, free_port: Ports
) -> Iterator[Visited]:
    """Request the probes, have each worker answer, request the routes until each was sampled, and stop."""
    folder = tmp_path_factory.mktemp("backend")
    with running_sinks() as sinks, running_backend(folder, free_port(), to(sinks), request.param) as backend:
        assert (get(backend.url + "/healthz"), get(backend.url + "/readyz")) == (200, 200)
        _wake_all_workers(backend)
        for path, status in ((HOME, 200), (NOTIFICATIONS, 200), (UNKNOWN_USER, 404)):
            until(lambda: get(backend.url + path) == status and _sampled(backend, path), f"{path} is sampled")  # noqa: B023
        assert backend.stop() == 0
        _both_have(sinks, backend)
        yield Visited(backend, sinks)


def test_a_home_request_is_one_trace(visited: Visited) -> None:
    """The server span contains the two nested spans; the segment is the same tree, with the same ids."""
    segment, spans = visited.recorded(HOME)
    (server,) = [span for span in spans if span.kind == SERVER]
    named = {span.name: span for span in spans}
    outer, inner = named["home-activities-data"], named["home-result-activities"]
    assert [server.parent_id, outer.parent_id, inner.parent_id] == ["", server.id, outer.id]
    assert {span.trace_id for span in spans} == {segment["trace_id"][2:].replace("-", "")}
    (first,) = segment["subsegments"]
    (second,) = first["subsegments"]
    assert [segment["id"], first["id"], second["id"]] == [server.id, outer.id, inner.id]
    assert [first["name"], second["name"]] == [outer.name, inner.name]
    assert len(spans) == 3
    assert (outer.attributes["outer"], inner.attributes["inner"]) == (True, True)
    assert inner.attributes["app.result_length"] == 3
    assert (server.resource["service.name"], segment["name"]) == ("backend-flask", "backend-flask")
    assert visited.backend.complaints() == []


def test_the_subsegments_arrive_inside_their_segment(visited: Visited) -> None:
    """Notifications are three nested subsegments, a user's activities one."""
    (notifications, _), (user, _) = visited.recorded(NOTIFICATIONS), visited.recorded(UNKNOWN_USER)
    (captured,) = notifications["subsegments"]
    (data,) = captured["subsegments"]
    (innermost,) = data["subsegments"]
    names = [subsegment["name"] for subsegment in (captured, data, innermost)]
    assert names == ["user_notifications", "backend_notifications", "sub_xray_backend"]
    assert set(data["metadata"]["namespace"]["key"]) == {"now"}
    assert set(innermost["annotations"]) == {"end_notifications"}
    assert user["subsegments"][0]["annotations"] == {"user_handle": "nobody", "user_found": False}
    assert (user["error"], user.get("fault"), user["http"]["response"]["status"]) == (True, None, 404)


def test_each_worker_has_its_own_instance_id(visited: Visited) -> None:
    """All spans of a worker have one service.instance.id, which no other worker's spans have."""
    workers = {line["otel_trace_id"]: line["pid"] for line in visited.backend.requests() if line["sampled"]}
    spans = visited.sinks.received.spans
    pairs = {(workers[span.trace_id], span.resource["service.instance.id"]) for span in spans}
    assert len(pairs) == len({worker for worker, _ in pairs}) == len({instance for _, instance in pairs}) == 2


def test_probes_are_never_traced(visited: Visited) -> None:
    """Successful probes are not logged; only what is logged has arrived at the sinks."""
    assert {line["path"] for line in visited.backend.requests()} == {HOME, NOTIFICATIONS, UNKNOWN_USER}
    sampled = [line for line in visited.backend.requests() if line["sampled"]]
    assert len(visited.sinks.received.segments) == len(sampled)


def test_both_wires_carry_a_failure(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """It is a fault with the exception in X-Ray, and an error status in OpenTelemetry."""
    with running_backend(tmp_path, free_port(), {**to(sinks), "CRUDDUR_FAIL_ROUTE": "true"}) as backend:
        assert get(backend.url + FAIL) == 500
        backend.stop()
    _both_have(sinks, backend)
    (segment,) = sinks.received.segments
    assert (segment["fault"], segment["http"]["response"]["status"]) == (True, 500)
    assert segment["subsegments"][0]["fault"] is True
    (server,) = [span for span in sinks.received.spans if span.kind == SERVER]
    assert (server.status, _by_name(sinks)["failing-activities-data"].status) == (ERROR, ERROR)
    assert "exception" in _by_name(sinks)["failing-activities-data"].events
    (logged,) = [message for message in backend.messages() if "exception" in message]
    assert logged["trace_id"] == segment["trace_id"]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_sigterm_during_load_loses_no_answered_sampled_request(
    tmp_path: Path, free_port: Ports, sinks: Sinks, command: tuple[str, ...]
) -> None:
    """All sampled requests of the access log have arrived at both sinks when the process exits."""
    with running_backend(tmp_path, free_port(), to(sinks), command) as backend:

        def until_it_is_gone() -> None:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                for number in itertools.count():
                    get(backend.url + ROUTES[number % len(ROUTES)])

        with ThreadPoolExecutor(4) as clients:
            load = [clients.submit(until_it_is_gone) for _ in range(4)]
            until(lambda: len(backend.requests()) > 400, "400 requests have been answered")
            assert backend.stop() == 0
            for client in load:
                client.result()
    assert sum(line["sampled"] for line in backend.requests()) > 300
    _both_have(sinks, backend)


def test_honeycomb_without_a_collector_needs_two_variables(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """Spans go to /v1/traces with the team's key; metrics and logs are not sent."""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sinks.otlp,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-honeycomb-team=KEY",
        "AWS_XRAY_DAEMON_ADDRESS": sinks.agent,
    }
    with running_backend(tmp_path, free_port(), variables) as backend:
        get(backend.url + HOME)
        backend.stop()
    calls = sinks.received.otlp_calls
    assert {(call.path, call.headers["x-honeycomb-team"]) for call in calls} == {("/v1/traces", "KEY")}
    assert {call.headers["content-type"] for call in calls} == {"application/x-protobuf"}
    assert set(_by_name(sinks)) >= {"home-activities-data", "home-result-activities"}


def test_a_rule_of_zero_records_nothing(tmp_path: Path, free_port: Ports) -> None:
    """After both workers have fetched the rule, no recorder records another request."""
    with running_sinks(rate=0.0) as sinks, running_backend(tmp_path, free_port(), to(sinks)) as backend:

        def fetched() -> bool:
            _wake_all_workers(backend)
            return sum(call.path == "/GetSamplingRules" for call in sinks.received.agent_calls) >= 2

        until(fetched, "both workers have fetched the rules")
        for number in range(40):
            get(backend.url + ROUTES[number % len(ROUTES)])
        backend.stop()
        _both_have(sinks, backend)
        later = backend.requests()[-40:]
    # The local rule may have sampled one request of each worker before the response arrived.
    assert sum(line["sampled"] for line in later) <= 2


def test_without_the_xray_sdk_spans_are_still_sent(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """Every route responds, no segment is sent, X-Ray's rules decide, and no warning is logged."""
    with running_backend(tmp_path, free_port(), {**to(sinks), "AWS_XRAY_SDK_ENABLED": "false"}) as backend:
        assert [get(backend.url + path) for path in ROUTES] == [200, 200, 200, 404]
        backend.stop()
    assert {line["otel_trace_id"] for line in backend.requests()} == {span.trace_id for span in sinks.received.spans}
    assert (sinks.received.segments, backend.complaints()) == ([], [])
    assert sinks.received.agent_calls


def test_without_opentelemetry_segments_are_still_sent(tmp_path: Path, free_port: Ports, sinks: Sinks) -> None:
    """With plain gunicorn X-Ray records, and the access log has its ids."""
    with running_backend(tmp_path, free_port(), to(sinks), GUNICORN) as backend:
        assert [get(backend.url + path) for path in ROUTES] == [200, 200, 200, 404]
        backend.stop()
    sampled = {line["trace_id"] for line in backend.requests() if line["sampled"]}
    until(lambda: sampled == {segment["trace_id"] for segment in sinks.received.segments}, "the segments have arrived")
    assert sampled
    assert (sinks.received.otlp_calls, backend.complaints()) == ([], [])


def test_unreachable_receivers_fail_no_request(tmp_path: Path, free_port: Ports) -> None:
    """Without agent and receiver every route responds, and SIGTERM stops the process without a kill."""
    unreachable = {
        "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{free_port()}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }
    with running_backend(tmp_path, free_port(), unreachable) as backend:
        assert [get(backend.url + path) for path in ROUTES] == [200, 200, 200, 404]
        assert backend.stop() == 0
    assert len(backend.requests()) == 4
