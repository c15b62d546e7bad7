"""Databases and AWS: the SDK's patches record what OpenTelemetry does not, and blocks of extensions pass."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from types import ModuleType, SimpleNamespace
from typing import Any

import botocore.client
import botocore.endpoint
import botocore.session
import pytest
import wrapt
from aws_xray_sdk.core import patch, patch_all, xray_recorder
from botocore.config import Config
from botocore.exceptions import ClientError
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]
from opentelemetry.instrumentation.utils import suppress_http_instrumentation, suppress_instrumentation
from opentelemetry.trace import SpanKind

from cruddur_tracing.xray_sdk.libraries import LIBRARIES
from tests.tracing.xray_sdk.conftest import KeptSpans, Process
from tests.tracing.xray_sdk.http_server import Server
from tests.tracing.xray_sdk.patches.conftest import header_of
from tests.tracing.xray_sdk.tracer import StartingProvider


@pytest.mark.usefixtures("unpatched")
def test_queries_are_recorded_by_the_sdks_patch(sdk: Any, process: Process, kept: KeptSpans) -> None:
    patch(("sqlite3",))
    with process.request(), closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
        with pytest.raises(sqlite3.OperationalError):
            connection.cursor().execute("nonsense")
        with suppress_instrumentation():
            connection.execute("SELECT 2")
    first, second = kept.spans[:-1]
    assert (first.name, first.kind, first.xray_data().namespace) == (":memory:", SpanKind.CLIENT, "remote")
    assert first.xray_data().sql["database_type"] == "sqlite3"
    assert second.xray_data().fault


@pytest.fixture
def fake_instrumentation(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes an instrumentation of OpenTelemetry's active that is not installed here."""

    def activate(name: str) -> None:
        library = LIBRARIES[name]
        instrumentor = type(
            library.instrumentor,
            (BaseInstrumentor,),
            {"instrumentation_dependencies": lambda self: (), "_uninstrument": lambda self: None},
        )
        instrumentor().instrument()
        module = ModuleType(library.instrumentation)
        setattr(module, library.instrumentor, instrumentor)
        monkeypatch.setitem(sys.modules, f"opentelemetry.instrumentation.{library.instrumentation}", module)

    return activate


def opentelemetry_connect(process: Process) -> Any:
    """Return a function that connects to a database whose cursors OpenTelemetry records."""
    tracer = StartingProvider(process.pipeline).get_tracer("dbapi")
    proxy = wrapt.ObjectProxy

    class TracedCursorProxy(proxy):  # type: ignore[misc, valid-type]
        __module__ = "opentelemetry.instrumentation.dbapi"

        def execute(self, query: str) -> Any:
            with tracer.start_as_current_span(query, kind=SpanKind.CLIENT, attributes={"db.system": "sqlite"}):
                return self.__wrapped__.execute(query)

    class Connection(proxy):  # type: ignore[misc, valid-type]
        def cursor(self) -> Any:
            return TracedCursorProxy(self.__wrapped__.cursor())

    def connect(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return Connection(wrapped(*args, **kwargs))

    return connect


@pytest.mark.usefixtures("unpatched")
@pytest.mark.parametrize("sdk_first", [True, False])
def test_queries_are_recorded_once_whoever_is_first(
    sdk: Any, process: Process, kept: KeptSpans, sdk_first: bool
) -> None:
    if sdk_first:
        patch(("sqlite3",))
    wrapt.wrap_function_wrapper("sqlite3", "connect", opentelemetry_connect(process))
    patch(("sqlite3",))
    with process.request(), sdk.in_subsegment("a"), closing(sqlite3.connect(":memory:")) as connection:
        connection.cursor().execute("SELECT 1")
        assert connection.execute("SELECT 2").fetchall() == [(2,)]
    assert list(kept.tree()["GET /"]["a"]) == ["SELECT 1", ":memory:" if sdk_first else "SELECT 2"]
    assert kept["a"].xray_data().sql == {}


def client(server: Server) -> Any:
    """Return a client of DynamoDB that calls the server."""
    session = botocore.session.Session()
    return session.create_client(
        "dynamodb",
        region_name="eu-central-1",
        endpoint_url=f"{server.url}/200",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.mark.usefixtures("unpatched")
def test_calls_of_aws_are_recorded_by_the_sdks_patch(
    sdk: Any, process: Process, kept: KeptSpans, server: Server
) -> None:
    patch(("boto3", "requests", "httplib"))
    with process.request(), closing(client(server)) as dynamodb:
        dynamodb.list_tables()
        dynamodb.meta.events.register_first(
            "before-sign.dynamodb.*", lambda request, **_: setattr(request, "url", f"{server.url}/400")
        )
        with pytest.raises(ClientError):
            dynamodb.describe_table(TableName="t")
    succeeded, failed = kept.spans[:2]
    assert kept.tree() == {"GET /": {"dynamodb": {}}}
    assert server.headers == [header_of(succeeded), header_of(failed)]
    aws = succeeded.xray_data().aws
    assert (aws["operation"], aws["region"], aws["request_id"]) == ("ListTables", "eu-central-1", "request-1")
    assert (failed.xray_data().aws["table_name"], failed.xray_data().error, failed.xray_data().fault) == (
        "t",
        True,
        True,
    )
    assert failed.events[0].remote  # type: ignore[attr-defined]


@pytest.mark.usefixtures("unpatched")
def test_calls_of_aws_that_opentelemetry_records_pass(
    sdk: Any, process: Process, kept: KeptSpans, server: Server, fake_instrumentation: Any
) -> None:
    patch_all()
    fake_instrumentation("botocore")
    with process.request(), closing(client(server)) as dynamodb:
        dynamodb.list_tables()
    assert kept.tree() == {"GET /": {}}


def test_pymongos_listener_needs_no_segment(
    sdk: Any, process: Process, kept: KeptSpans, monkeypatch: pytest.MonkeyPatch, fake_instrumentation: Any
) -> None:
    monkeypatch.setitem(sys.modules, "pymongo", SimpleNamespace(monitoring=SimpleNamespace(CommandListener=object)))
    monkeypatch.delitem(sys.modules, "aws_xray_sdk.ext.pymongo.patch", raising=False)
    from aws_xray_sdk.ext.pymongo import patch as module

    listener = sys.modules["aws_xray_sdk.ext.pymongo.patch"].XrayCommandListener(record_full_documents=False)
    event = SimpleNamespace(
        connection_id=("db", 27017),
        database_name="shop",
        command_name="find",
        operation_id=1,
        request_id=2,
        duration_micros=3,
        failure={"code": 1},
    )
    listener.started(event)
    listener.succeeded(event)
    with process.request():
        listener.started(event)
        listener.failed(event)
        fake_instrumentation("pymongo")
        listener.started(event)
        listener.succeeded(event)
    assert callable(module)
    assert kept.tree() == {"GET /": {"shop@db:27017": {}}}
    assert kept["shop@db:27017"].xray_data().annotations["mongodb_duration_micros"] == 3
    assert kept["shop@db:27017"].xray_data().fault


def test_blocks_of_an_extension_pass_too(
    sdk: Any, process: Process, kept: KeptSpans, fake_instrumentation: Any
) -> None:
    from cruddur_tracing.xray_sdk.takeover.guards import Guard

    guard = Guard(sdk, LIBRARIES["httpx"])

    async def call() -> None:
        async with guard.in_subsegment_async("async") as subsegment:
            assert (subsegment is None) is guard.passes

        async def result() -> int:
            return 7

        parts: Any = {"name": "wrapped", "namespace": "remote", "meta_processor": None}
        assert await guard.record_subsegment_async(result, None, (), {}, **parts) == 7

    with process.request():
        with guard.in_subsegment("block"):
            asyncio.run(call())
        with suppress_http_instrumentation(), guard.in_subsegment("suppressed"):
            asyncio.run(call())
        fake_instrumentation("httpx")
        with guard.in_subsegment("passes"):
            asyncio.run(call())
        assert guard.begin_subsegment("passes") is None
        assert guard.current_subsegment() is None
        guard.end_subsegment()
    assert kept.tree() == {"GET /": {"block": {"async": {}, "wrapped": {}}}}
    assert guard.max_trace_back == 10


def test_the_sdks_own_modules_still_see_the_recorder(sdk: Any) -> None:
    from aws_xray_sdk.ext import dbapi2

    assert dbapi2.xray_recorder is xray_recorder
