"""Outgoing calls of libraries that the SDK has patched: each is recorded once, with a header that names it."""

import http.client
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from aws_xray_sdk.core import patch, patch_all
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.propagate import get_global_textmap, set_global_textmap
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.trace import SpanKind

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.xray_sdk import global_recorder
from tests.tracing.xray_sdk.conftest import KeptSpans, Process
from tests.tracing.xray_sdk.http_server import Server
from tests.tracing.xray_sdk.patches.conftest import header_of
from tests.tracing.xray_sdk.tracer import StartingProvider


@pytest.fixture
def opentelemetry_requests(process: Process) -> Iterator[None]:
    """Let OpenTelemetry record `requests`, with X-Ray's header."""
    before = get_global_textmap()
    set_global_textmap(AwsXRayPropagator())
    RequestsInstrumentor().instrument(tracer_provider=StartingProvider(process.pipeline))
    yield
    RequestsInstrumentor().uninstrument()
    set_global_textmap(before)


@pytest.mark.usefixtures("unpatched")
def test_requests_is_recorded_by_the_sdks_patch(sdk: Any, process: Process, kept: KeptSpans, server: Server) -> None:
    patch(("requests",))
    with process.request(), sdk.in_subsegment("a"):
        requests.request("GET", f"{server.url}/404?secret=1", timeout=5)
    span = kept["127.0.0.1"]
    assert kept.tree() == {"GET /": {"a": {"127.0.0.1": {}}}}
    assert server.headers == [header_of(span)]
    data = span.xray_data()
    assert (data.namespace, data.error, span.kind) == ("remote", True, SpanKind.CLIENT)
    assert data.http == {"request": {"method": "GET", "url": f"{server.url}/404"}, "response": {"status": 404}}


@pytest.mark.usefixtures("unpatched")
def test_a_patch_before_the_take_over_is_as_good(process: Process, kept: KeptSpans, server: Server) -> None:
    patch(("requests", "sqlite3"))
    global_recorder.take_over(process.wiring())
    with process.request():
        requests.get(server.url, timeout=5)
    global_recorder.release()
    assert kept.tree() == {"GET /": {"127.0.0.1": {}}}
    assert server.headers == [header_of(kept["127.0.0.1"])]


@pytest.mark.usefixtures("unpatched", "opentelemetry_requests")
def test_requests_is_recorded_once_by_opentelemetry(
    sdk: Any, process: Process, kept: KeptSpans, server: Server
) -> None:
    patch(("requests",))
    with process.request(), sdk.in_subsegment("a"):
        requests.get(server.url, timeout=5)
    assert kept.tree() == {"GET /": {"a": {"GET": {}}}}
    assert server.headers == [header_of(kept["GET"])]


@pytest.mark.usefixtures("unpatched", "opentelemetry_requests")
def test_http_client_below_requests_is_not_recorded_again(
    sdk: Any, process: Process, kept: KeptSpans, server: Server
) -> None:
    patch_all(double_patch=True)
    with process.request():
        requests.get(server.url, timeout=5)
    assert kept.tree() == {"GET /": {"GET": {}}}


@pytest.mark.usefixtures("unpatched")
def test_http_client_below_the_patched_requests_is_not_recorded_again(
    sdk: Any, process: Process, kept: KeptSpans, server: Server
) -> None:
    patch(("httplib", "requests"))
    with process.request():
        requests.get(server.url, timeout=5)
        urllib.request.urlopen(f"{server.url}/200").close()
    assert kept.tree() == {"GET /": {"127.0.0.1": {}}}
    assert len([span for span in kept.spans if span.name == "127.0.0.1"]) == 2


@pytest.mark.usefixtures("unpatched")
def test_http_client_is_one_subsegment(sdk: Any, process: Process, kept: KeptSpans, server: Server) -> None:
    patch(("httplib",))
    with process.request(), sdk.in_subsegment("a"):
        with urllib.request.urlopen(f"{server.url}/200?secret=1") as response:
            assert response.read() == b"{}"
        assert sdk.current_subsegment().name == "a"
    span = kept["127.0.0.1"]
    assert kept.tree() == {"GET /": {"a": {"127.0.0.1": {}}}}
    assert server.headers == [header_of(span)]
    assert span.xray_data().http["response"] == {"status": 200}
    assert span.xray_data().http["request"]["method"] == "GET"


@pytest.mark.usefixtures("unpatched")
def test_a_failing_http_client_is_described(sdk: Any, process: Process, kept: KeptSpans) -> None:
    patch(("httplib",))
    with process.request(), pytest.raises(OSError, match="refused"):
        urllib.request.urlopen("http://127.0.0.1:1/")
    (event,) = kept["127.0.0.1"].events
    assert event.attributes["exception.type"] == "ConnectionRefusedError"  # type: ignore[index]


@pytest.mark.usefixtures("unpatched")
def test_a_response_that_does_not_come_is_described(sdk: Any, process: Process, kept: KeptSpans) -> None:
    import socket

    patch(("httplib",))
    with socket.create_server(("127.0.0.1", 0)) as silent, process.request():
        connection = http.client.HTTPConnection(*silent.getsockname())
        connection.request("GET", "/")
        peer, _ = silent.accept()
        peer.close()
        with pytest.raises(ConnectionError):
            connection.getresponse()
        connection.close()
    assert kept.tree() == {"GET /": {"127.0.0.1": {}}}
    assert kept["127.0.0.1"].xray_data().fault


@pytest.mark.usefixtures("unpatched")
def test_nothing_is_recorded_outside_of_a_trace(
    sdk: Any, process: Process, kept: KeptSpans, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    patch(("httplib", "requests"))
    urllib.request.urlopen(f"{server.url}/200").close()
    with suppress_instrumentation():
        caplog.clear()
        requests.get(server.url, timeout=5)
    assert (kept.spans, server.headers) == ([], [None, None])
    assert caplog.records == []


@pytest.mark.usefixtures("unpatched")
def test_not_sampled_the_header_says_so(sdk: Any, process: Process, server: Server) -> None:
    patch(("requests",))
    with process.request(sampled=False) as span:
        requests.get(server.url, timeout=5)
    ids = span.get_span_context()
    assert server.headers == [f"Root={xray_trace_id(ids.trace_id)};Parent={ids.span_id:016x};Sampled=0"]
