"""Fixtures: a server to call, and libraries that neither the SDK nor OpenTelemetry has patched."""

import http.client
import inspect
import sqlite3
from collections.abc import Iterator

import botocore.client
import botocore.endpoint
import botocore.session
import pytest
import requests
from aws_xray_sdk.core import patcher
from opentelemetry.instrumentation.requests import RequestsInstrumentor

from cruddur_tracing.recording.ids import xray_trace_id
from cruddur_tracing.recording.span import Span
from tests.tracing.xray_sdk.http_server import Server


@pytest.fixture(scope="module")
def running_server() -> Iterator[Server]:
    """Run one server for all tests."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def server(running_server: Server) -> Server:
    """Return the server, of which nothing has been asked."""
    running_server.headers.clear()
    return running_server


@pytest.fixture
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo after the test what the SDK patches; OpenTelemetry has patched nothing."""
    if RequestsInstrumentor().is_instrumented_by_opentelemetry:
        RequestsInstrumentor().uninstrument()
    for owner, name in (
        (requests.Session, "request"),
        (requests.Session, "prepare_request"),
        (http.client.HTTPConnection, "_send_request"),
        (http.client.HTTPConnection, "getresponse"),
        (http.client.HTTPResponse, "read"),
        (sqlite3, "connect"),
        (botocore.client.BaseClient, "_make_api_call"),
        (botocore.endpoint.Endpoint, "prepare_request"),
    ):
        monkeypatch.setattr(owner, name, inspect.unwrap(getattr(owner, name)))
    monkeypatch.setattr(patcher, "_PATCHED_MODULES", set())
    monkeypatch.setattr(botocore.client, "_xray_enabled", True, raising=False)
    monkeypatch.delattr(botocore.client, "_xray_enabled")
    monkeypatch.setattr(http.client, "__xray_patched", False, raising=False)


def header_of(span: Span) -> str:
    """Return the header that names a span."""
    return f"Root={xray_trace_id(span.recording.trace_id)};Parent={span.span_id:016x};Sampled=1"
