"""The bootcamp's app: both SDKs in the order of its lessons, with nothing but the package added, or with `install`."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask.templating
import pytest
from aws_xray_sdk.core import AWSXRayRecorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from pytest_xray_local import XRayLocal
from tests.tracing.conftest import Make
from tests.tracing.served import BIN, ROOT, api, documents, environment, is_span, rules_fetched, running, sample_all
from tests.waiting import until

HOME, NOTIFICATIONS = "/api/activities/home", "/api/activities/notifications"
TREES = {
    HOME: ["backend-flask", "home-activities-mock-data", "mock-data"],
    NOTIFICATIONS: ["backend-flask", "user_notifications", "backend_notifications", "sub_xray_backend"],
}
Places = dict[str, tuple[str | None, str]]  # by id: the parent's id and the name


def places(document: dict[str, Any]) -> Places:
    """Return the entries of a document."""
    found: Places = {document["id"]: (document.get("parent_id"), document["name"])}
    for child in document.get("subsegments", ()):
        found |= places({"parent_id": document["id"], **child})
    return found


def chain(found: Places) -> list[str]:
    """Return the names from the root on, of a trace in which each entry has at most one child."""
    names, parent = [], None
    below = {above: (id_, name) for id_, (above, name) in found.items()}
    while parent in below:
        parent, name = below[parent]
        names.append(name)
    return names


def trees(local: XRayLocal, trace: str, entries: int) -> tuple[Places, Places]:
    """Wait for a trace of so many entries, and return what the segments' wire and the OTLP wire have of it."""
    until(lambda: len(documents(local, trace)) == 1 + entries, f"{trace} on both wires")
    found = documents(local, trace)
    (segment,) = (document for document in found if not is_span(document))
    spans: Places = {}
    for span in filter(is_span, found):
        spans |= places(span)
    return places(segment), spans


@pytest.mark.process
@pytest.mark.parametrize(
    ("installed", "options"), [("", ("--preload",)), ("1", ())], ids=["nothing added, preload", "install(app)"]
)
def test_each_request_is_one_trace_on_both_wires(
    xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path, options: tuple[str, ...], installed: str
) -> None:
    """What the handlers begin and never end is closed with the request; each wire has the whole tree."""
    sample_all(xray_local)
    port = free_port()
    command = [str(BIN / "opentelemetry-instrument"), str(BIN / "gunicorn"), "-b", f"127.0.0.1:{port}"]
    command += ["--no-control-socket", *options, "tests.tracing.bootcamp_shop:app"]
    settings = environment(xray_local, PYTHONPATH=str(ROOT), INSTALL=installed, OTEL_SERVICE_NAME="backend-flask")
    with running(command, port, tmp_path / "log", settings, ROOT) as served:
        rules_fetched(xray_local, 1)
        traces = [(served.get(path).trace, names) for path, names in TREES.items() for _ in range(3)]
        for trace, names in traces:
            segments, spans = trees(xray_local, trace, len(names))
            assert segments == spans
            assert chain(segments) == names
    stored = api(xray_local.api, "TraceSummaries", StartTime=0, EndTime=4_000_000_000)["TraceSummaries"]
    assert len(stored) == 6
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert "WARNING" not in log


@pytest.fixture
def middleware() -> Iterator[Callable[[Flask], None]]:
    """Return a function that adds the X-Ray SDK's middleware, with a recorder of its own, and restore the templates."""
    render = flask.templating._render
    recorders: list[AWSXRayRecorder] = []

    def add(app: Flask) -> None:
        recorders.append(AWSXRayRecorder())
        XRayMiddleware(app, recorders[-1])

    yield add
    flask.templating._render = render
    for recorder in recorders:
        recorder.emitter._socket.close()


@pytest.mark.parametrize("installed", ["before", "between", "after"])
def test_both_recorders_are_taken_over_wherever_install_stands(
    traced: Make, middleware: Callable[[Flask], None], caplog: pytest.LogCaptureFixture, installed: str
) -> None:
    """One segment, one span, one decision for each request, and one line of the log that names the middleware."""
    caplog.set_level(logging.INFO, "cruddur_tracing")
    provider, app = TracerProvider(shutdown_on_exit=False), Flask("backend-flask")
    made = traced(provider=provider, app=app) if installed == "before" else None
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)  # type: ignore[no-untyped-call]
    made = traced(provider=provider, app=app) if installed == "between" else made
    middleware(app)
    made = made or traced(provider=provider, app=app)
    for _ in range(10):
        made.client.get("/")
    assert (len(made.spans()), len(made.datagrams.raw()), len(made.rules.asked)) == (10, 10, 10)
    taken = [message for message in caplog.messages if message.startswith("XRayMiddleware is taken over: ")]
    assert len(taken) == 1
