"""Whole handlers on the recorder: the bootcamp's, and the examples of the SDK's README."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder
from flask import Flask
from flask.testing import FlaskClient
from opentelemetry import trace

from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.xray_sdk.conftest import KeptSpans, Process
from tests.tracing.xray_sdk.tracer import StartingProvider

pytestmark = pytest.mark.usefixtures("sdk")


class UserActivities:
    """The bootcamp's service, as it is written there."""

    @staticmethod
    def run(user_handle: str) -> dict[str, Any]:
        """Answer what a user has done."""
        xray_recorder.begin_segment("user_activities")
        model: dict[str, Any] = {"errors": None, "data": None}
        now = datetime.now(UTC)
        model["data"] = [{"handle": user_handle}]
        subsegment = xray_recorder.begin_subsegment("mock-data")
        subsegment.put_metadata("key", {"now": now.isoformat(), "results-size": len(model["data"])}, "namespace")
        xray_recorder.end_subsegment()
        return model


@pytest.fixture
def client(process: Process) -> FlaskClient:
    """Return a client of an app whose requests are recorded."""
    app = Flask("shop")
    inner = app.wsgi_app

    def recorded(environ: Any, start_response: Any) -> Any:
        with process.request(f"GET {environ['PATH_INFO']}"):
            return inner(environ, start_response)

    app.wsgi_app = recorded  # type: ignore[method-assign]
    bootcamp_routes(app, StartingProvider(process.pipeline).get_tracer("shop"))
    other_routes(app)
    app.async_to_sync = in_a_thread  # type: ignore[assignment, method-assign]
    return app.test_client()


def in_a_thread(view: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """Return an asynchronous view as Flask calls it by asgiref: in a thread with a loop and a copy of the context."""

    def call(*arguments: Any, **named: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(copy_context().run, asyncio.run, view(*arguments, **named)).result()

    return call


def bootcamp_routes(app: Flask, tracer: trace.Tracer) -> None:
    """Add the bootcamp's handlers, as they are written there."""

    @app.route("/api/activities/notifications")
    @xray_recorder.capture("user_notifications")  # type: ignore[untyped-decorator]
    def notifications() -> str:
        segment = xray_recorder.begin_segment("backend_notifications")
        segment.put_metadata("key", {"results": 3}, "namespace")
        xray_recorder.begin_subsegment("sub_xray_backend").put_annotation("backend", "notifications")
        return "notified"

    @app.route("/api/activities/@<string:handle>")
    def user_activities(handle: str) -> dict[str, Any]:
        return UserActivities.run(handle)

    @xray_recorder.capture("activities_home")  # type: ignore[untyped-decorator]
    @app.route("/api/activities/home")
    def home() -> str:
        with tracer.start_as_current_span("home-activities-mock-data") as span:
            span.set_attribute("app.now", "now")
            with xray_recorder.in_subsegment("inside the span"):
                return "home"


def other_routes(app: Flask) -> None:
    """Add handlers of other kinds."""

    @app.route("/segment")
    @xray_recorder.capture("around")  # type: ignore[untyped-decorator]
    def segment() -> str:
        with xray_recorder.in_segment("x") as inside:
            inside.put_annotation("a", 1)
        return "ok"

    @app.route("/gather")
    def gather() -> str:
        async def part(number: int) -> None:
            async with xray_recorder.in_subsegment_async(f"part {number}"):
                await asyncio.sleep(0)
                xray_recorder.put_annotation("number", number)

        async def parts() -> None:
            async with xray_recorder.in_subsegment_async("parts"):
                await asyncio.gather(part(1), part(2))

        asyncio.run(parts())
        return "gathered"

    @app.route("/async")
    @xray_recorder.capture_async("captured")  # type: ignore[untyped-decorator]
    async def asynchronous() -> str:
        async with xray_recorder.in_subsegment_async("awaited"):
            await asyncio.sleep(0)
        xray_recorder.begin_subsegment("not ended")
        return "awaited"

    @app.route("/raise")
    @xray_recorder.capture("raises")  # type: ignore[untyped-decorator]
    def fails() -> str:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("path", "tree"),
    [
        ("/api/activities/notifications", {"user_notifications": {"backend_notifications": {"sub_xray_backend": {}}}}),
        ("/api/activities/@andrew", {"user_activities": {"mock-data": {}}}),
        ("/api/activities/home", {"home-activities-mock-data": {"inside the span": {}}}),
        ("/segment", {"around": {"x": {}}}),
        ("/gather", {"parts": {"part 1": {}, "part 2": {}}}),
        ("/async", {"captured": {"awaited": {}, "not ended": {}}}),
        ("/raise", {"raises": {}}),
    ],
)
def test_the_handlers_record_one_trace_each(
    client: FlaskClient, kept: KeptSpans, path: str, tree: dict[str, Any]
) -> None:
    for _ in range(3):
        kept.spans.clear()
        client.get(path)
        assert kept.tree() == {f"GET {path}": tree}
        assert len({span.recording.trace_id for span in kept.spans}) == 1
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_what_the_bootcamp_writes_arrives(client: FlaskClient, kept: KeptSpans) -> None:
    client.get("/api/activities/notifications")
    assert kept["backend_notifications"].xray_data().metadata == {"namespace": {"key": {"results": 3}}}
    assert kept["sub_xray_backend"].xray_data().annotations == {"backend": "notifications"}


class TestReadme:
    """The examples of https://github.com/aws/aws-xray-sdk-python, in its words."""

    def test_manual(self, kept: KeptSpans) -> None:
        """Begin and end by hand."""
        segment = xray_recorder.begin_segment("segment_name")
        subsegment = xray_recorder.begin_subsegment("subsegment_name")
        segment.put_metadata("key", dict, "namespace")
        subsegment.put_annotation("key", "value")
        xray_recorder.end_subsegment()
        xray_recorder.end_segment()
        assert kept.tree() == {"segment_name": {"subsegment_name": {}}}

    def test_context_managers(self, kept: KeptSpans) -> None:
        """Use blocks."""
        with xray_recorder.in_segment("segment_name") as segment:
            segment.put_metadata("key", dict, "namespace")
            with xray_recorder.in_subsegment("subsegment_name") as subsegment:
                subsegment.put_annotation("key", "value")
            with xray_recorder.in_subsegment("subsegment2") as subsegment:
                subsegment.put_annotation("key2", "value2")
        assert kept.tree() == {"segment_name": {"subsegment_name": {}, "subsegment2": {}}}

    async def test_asynchronous_context_managers(self, kept: KeptSpans) -> None:
        """Use asynchronous blocks."""
        async with xray_recorder.in_segment_async("segment_name") as segment:
            segment.put_metadata("key", dict, "namespace")
            async with xray_recorder.in_subsegment_async("subsegment_name") as subsegment:
                subsegment.put_annotation("key", "value")
        assert kept.tree() == {"segment_name": {"subsegment_name": {}}}

    def test_annotations_and_exceptions(self, kept: KeptSpans) -> None:
        """Annotate the current entity, and add an exception by hand."""
        with xray_recorder.in_segment("segment_name"):
            document = xray_recorder.current_segment()
            document.set_user("U12345")
            xray_recorder.put_annotation("mykey", "my value")
            if xray_recorder.is_sampled():
                xray_recorder.put_metadata("my key", {"nested": [1, 2]}, "my namespace")

            @xray_recorder.capture("name_for_subsegment")  # type: ignore[untyped-decorator]
            def my_function() -> None:
                raise KeyError("mine")

            with pytest.raises(KeyError):
                my_function()
        assert kept["segment_name"].xray_data().user == "U12345"
        assert kept["name_for_subsegment"].xray_data().fault


@contextmanager
def django_request(recorder: Recorder, path: str) -> Iterator[Any]:
    """Record one request as the SDK's middlewares for Django, aiohttp and bottle do."""
    from aws_xray_sdk.core.models import http
    from aws_xray_sdk.ext.util import (
        calculate_sampling_decision,
        calculate_segment_name,
        construct_xray_header,
        prepare_response_header,
    )

    header = construct_xray_header({"X-Amzn-Trace-Id": "Root=1-65a0b1c2-0123456789abcdef01234567;Sampled=?"})
    name = calculate_segment_name("shop.example", recorder)
    request = {"host": "shop.example", "method": "GET", "path": path, "service": name}
    decision = calculate_sampling_decision(header, recorder, request)
    segment = recorder.begin_segment(name, header.root, header.parent, decision)
    segment.save_origin_trace_header(header)
    segment.put_http_meta(http.URL, f"http://shop.example{path}")
    yield segment
    segment.put_http_meta(http.STATUS, 200)
    assert prepare_response_header(header, segment).endswith(";Sampled=1")
    recorder.end_segment()


def test_the_sdks_other_middlewares_begin_traces(process: Process, kept: KeptSpans) -> None:
    process.decision = "orders"
    with django_request(xray_recorder, "/orders"), xray_recorder.in_subsegment("query"):
        pass
    root = kept["shop"]
    assert kept.tree() == {"shop": {"query": {}}}
    assert (root.kind.name, root.recording.rule) == ("SERVER", "orders")
    assert process.decided == [{"host": "shop.example", "method": "GET", "path": "/orders", "service": "shop"}]
