"""The stand-in for an aws_xray_sdk that is not installed."""

import importlib.machinery
import logging
import os
import subprocess
import sys
import textwrap
from types import ModuleType
from typing import Any

import pytest
from opentelemetry.instrumentation.requests import RequestsInstrumentor

from cruddur_tracing.xray_sdk import errors
from cruddur_tracing.xray_sdk.standin import models, modules, patching, samplers
from cruddur_tracing.xray_sdk.standin.recorder import AWSXRayRecorder, SDKConfig, UDPEmitter, xray_recorder
from tests.tracing.xray_sdk.conftest import TRACE_ID, Process

HIDE_THE_SDK = """
import importlib.machinery, sys
find = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = classmethod(
    lambda cls, name, *args: None if name.partition(".")[0] == "aws_xray_sdk" else find(name, *args)
)
from tests.tracing.xray_sdk.conftest import *
kept = KeptSpans()
process = Process(kept, Pipeline(Resource({}), RandomIdGenerator(), KeptFailures(), otlp=kept))
"""


def run(program: str) -> str:
    """Run a program in a process without the SDK, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", HIDE_THE_SDK + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((".", *sys.path))},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_unchanged_app_runs() -> None:
    printed = run(
        """
        from cruddur_tracing.xray_sdk.standin import finder
        finder.serve()
        from aws_xray_sdk.core import AWSXRayRecorder, patch, patch_all, xray_recorder
        from aws_xray_sdk.core.async_context import AsyncContext
        from aws_xray_sdk.core.models import http
        from aws_xray_sdk.core.models.segment import Segment
        from aws_xray_sdk.core.sampling.local.sampler import LocalSampler
        from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
        import aws_xray_sdk.core.exceptions.exceptions as errors
        from flask import Flask

        app = Flask("shop")
        xray_recorder.configure(service="orders", context=AsyncContext(), sampler=LocalSampler())
        XRayMiddleware(app, xray_recorder)

        @xray_recorder.capture("view")
        def view():
            xray_recorder.begin_subsegment("mock-data").put_annotation("a", 1)

        with xray_recorder.in_segment("before the start") as nothing:
            assert not nothing.sampled
        global_recorder.take_over(process.wiring())
        with process.request():
            view()
            assert isinstance(xray_recorder.current_segment(), Segment)
        with AWSXRayRecorder().in_segment("job"):
            pass
        print(kept.tree(), process.configured[0].service, http.URL)
        assert not [name for name in sys.modules if name.startswith("botocore")]
        """
    )
    assert printed == "{'GET /': {'view': {'mock-data': {}}}, 'job': {}} orders url\n"


def test_what_it_has_not_is_named() -> None:
    run(
        """
        global_recorder.take_over(process.wiring())
        assert not global_recorder.is_sdk_installed()
        for statement, message in (
            ("import aws_xray_sdk.ext.django", "aws_xray_sdk.ext.django is not in the stand-in"),
            ("import aws_xray_sdk.core; aws_xray_sdk.core.daemon", "aws_xray_sdk.core.daemon is not in the stand-in"),
            ("from aws_xray_sdk.core.models.http import COLOUR", "standin/modules.py"),
        ):
            try:
                exec(statement)
            except (AttributeError, ImportError) as error:
                assert message in str(error), error
            else:
                raise AssertionError(statement)
        global_recorder.release()
        try:
            import aws_xray_sdk.core.recorder
        except ModuleNotFoundError as error:
            assert str(error) == "No module named 'aws_xray_sdk'"
        """
    )


def test_the_real_sdk_is_found_first() -> None:
    from cruddur_tracing.xray_sdk.standin import finder

    finder.serve()
    finder.serve()
    try:
        import aws_xray_sdk.core

        assert "site-packages" in str(aws_xray_sdk.core.__file__)
        with pytest.raises(ModuleNotFoundError, match="No module named"):
            __import__("aws_xray_sdk.ext.nothing")
    finally:
        finder.withdraw()
    assert "aws_xray_sdk.core" in sys.modules


@pytest.mark.parametrize("name", [name for name in modules.MODULES if name.count(".") > 2 or ".core" in name])
def test_its_modules_have_what_the_sdks_have(name: str) -> None:
    real = importlib.import_module(name)
    assert [member for member in modules.MODULES[name] if not hasattr(real, member)] == []


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Any:
    """Return a function that returns the messages since the last call."""
    caplog.set_level(logging.WARNING, "cruddur_tracing")

    def messages() -> list[str]:
        found = [record.message for record in caplog.records]
        caplog.clear()
        return found

    return messages


def test_patch_starts_opentelemetrys_instrumentation(warnings: Any) -> None:
    try:
        patching.patch(("requests",))
        assert RequestsInstrumentor().is_instrumented_by_opentelemetry
        patching.patch(("requests",))
        assert warnings() == []
    finally:
        RequestsInstrumentor().uninstrument()


def test_patch_names_what_to_install(warnings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pg8000", _module("pg8000"))
    patching.patch(("boto3", "httplib", "sqlite3", "pg8000"))
    assert warnings() == [
        "patch('botocore'): its calls are not recorded: install opentelemetry-instrumentation-botocore",
        "patch('httplib'): its calls are not recorded: install opentelemetry-instrumentation-urllib",
        "patch('pg8000'): its calls are not recorded: OpenTelemetry has no instrumentation for it",
        "patch('sqlite3'): its calls are not recorded: install opentelemetry-instrumentation-sqlite3",
    ]


def _module(name: str) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    return module


def test_patch_all_passes_over_what_is_not_installed(warnings: Any) -> None:
    try:
        patching.patch_all()
        assert [message.split("'")[1] for message in warnings()] == ["botocore", "sqlite3"]
        patching.patch_all(double_patch=True)
        assert [message.split("'")[1] for message in warnings()] == ["botocore", "httplib", "sqlite3"]
    finally:
        RequestsInstrumentor().uninstrument()


def test_patch_of_what_is_not_installed_fails_as_the_sdks() -> None:
    with pytest.raises(ImportError, match="No module named 'httpx'"):
        patching.patch(("httpx",))
    with pytest.raises(Exception, match="modules nothing are currently not supported for patching"):
        patching.patch(("nothing",))


def test_patch_of_an_own_module_is_warned_of(warnings: Any) -> None:
    patching.patch(("tests",))
    assert warnings() == ["patch('tests'): calls of an app's own modules are not recorded: use xray_recorder.capture()"]
    patching.patch(("tests",), ignore_module_patterns=["te.*"])
    assert warnings() == []


def test_each_extension_patches_its_library(warnings: Any) -> None:
    modules.MODULES["aws_xray_sdk.ext.sqlite3"]["patch"]()
    assert warnings() == ["patch('sqlite3'): its calls are not recorded: install opentelemetry-instrumentation-sqlite3"]


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (f"Root={TRACE_ID};Parent=0123456789abcdef;Sampled=1", (TRACE_ID, "0123456789abcdef", 1, {})),
        (f"Self=1-a-b; Root={TRACE_ID};Sampled=?;lineage=a:1|b:2", (TRACE_ID, None, "?", {"lineage": "a:1|b:2"})),
        ("Sampled=0;nonsense", (None, None, 0, {})),
        (None, (None, None, None, {})),
    ],
)
def test_a_header_is_read(header: str | None, fields: tuple[Any, ...]) -> None:
    found = models.TraceHeader.from_header_str(header)
    assert (found.root, found.parent, found.sampled, found.data) == fields


def test_a_header_is_written(process: Process) -> None:
    xray_recorder.wire(process.wiring())
    headers: dict[str, str] = {}
    with process.request():
        segment = xray_recorder.current_segment()
        header = models.construct_xray_header({"X-Amzn-Trace-Id": "Root=1-a-b;Sampled=?;x=y"})
        segment.save_origin_trace_header(header)
        with xray_recorder.in_subsegment("a") as subsegment:
            models.inject_trace_header(headers, subsegment)
        models.inject_trace_header(headers, None)
        assert models.prepare_response_header(header, segment) == f"Root={segment.trace_id};Sampled=1"
        assert models.prepare_response_header(None, segment) == f"Root={segment.trace_id}"
    expected = f"Root={subsegment.trace_id};Parent={subsegment.id};Sampled=1;x=y"
    assert headers == {"X-Amzn-Trace-Id": expected}


def test_the_helpers_decide_and_name_as_the_sdks(process: Process) -> None:
    recorder = AWSXRayRecorder()
    xray_recorder.wire(process.wiring())
    process.decision = "rule"
    undecided, decided = models.TraceHeader(), models.TraceHeader(sampled=0)
    request = {"service": "shop"}
    assert models.calculate_sampling_decision(undecided, recorder, request) == "rule"
    assert models.calculate_sampling_decision(decided, recorder, request) == 0
    process.decision = False
    assert models.calculate_sampling_decision(undecided, recorder, request) == 0
    recorder.configure(sampling=False, dynamic_naming="*.shop")
    assert models.calculate_sampling_decision(undecided, recorder, request) == 1
    assert models.calculate_segment_name("a.shop", recorder) == "a.shop"


def test_small_helpers() -> None:
    assert models.strip_url("http://a/b?c=d") == "http://a/b"
    assert models.strip_url(None) is None
    assert (models.get_hostname("http://a:1/b"), models.get_hostname("b"), models.get_hostname(None)) == (
        "a",
        "UNKNOWN HOST",
        "UNKNOWN HOST",
    )
    assert models.to_snake_case("ConsumedCapacityUnits") == "consumed_capacity_units"
    assert models.wildcard_match("*.Shop", "a.shop")
    assert not models.wildcard_match("*.Shop", "a.shop", case_insensitive=False)
    assert models.wildcard_match("?.shop", "a.shop", case_insensitive=False)
    assert not models.wildcard_match(None, "a")
    assert len(models.TraceId().to_id()) == 35
    assert models.NoOpTraceId().to_id() == "1-00000000-000000000000000000000000"
    assert [frame.name for frame in models.get_stacktrace(1)] == ["test_small_helpers"]
    assert models.get_stacktrace(0) == []
    assert len(models.get_stacktrace()) > 1


def test_local_rules_decide_by_reservoir_and_rate() -> None:
    now = [100.0]
    sampler = samplers.LocalSampler(
        {
            "version": 2,
            "rules": [{"host": "*", "http_method": "GET", "url_path": "/a*", "fixed_target": 2, "rate": 0}],
            "default": {"fixed_target": 0, "rate": 1},
        },
        clock=lambda: now[0],
    )
    request = {"host": "shop", "method": "GET", "path": "/abc"}
    assert [sampler.should_trace(request) for _ in range(3)] == [True, True, False]
    now[0] = 101.0
    assert sampler.should_trace(request)
    assert sampler.should_trace({"host": "shop", "method": "POST", "path": "/abc"})
    assert sampler.should_trace()


@pytest.mark.parametrize(
    "rules",
    [
        {"version": 3, "default": {"fixed_target": 1, "rate": 1}},
        {"version": 2},
        {"version": 1, "default": {"fixed_target": -1, "rate": 1}},
    ],
)
def test_local_rules_that_cannot_be_read_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidSamplingManifestError):
        samplers.LocalSampler(rules)


def test_the_switch_is_reported(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    xray_recorder.wire(process.wiring())
    process.configured.clear()
    SDKConfig.set_sdk_enabled(False)
    assert not SDKConfig.sdk_enabled()
    SDKConfig.set_sdk_enabled(True)
    monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", "off")
    assert not SDKConfig.sdk_enabled()
    assert [settings.enabled for settings in process.configured] == [False, True]


def test_an_emitter_gives_its_address(process: Process) -> None:
    recorder = AWSXRayRecorder()
    xray_recorder.wire(process.wiring())
    process.configured.clear()
    recorder.configure(emitter=UDPEmitter("10.0.0.1:3000"))
    assert [settings.daemon_address for settings in process.configured] == ["10.0.0.1:3000"]


def test_the_middleware_reports_its_app(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cruddur_tracing")
    xray_recorder.wire(process.wiring())
    modules.XRayMiddleware("app", xray_recorder)
    assert process.flask_apps == ["app"]
    assert "XRayMiddleware is taken over: it registers nothing in the app 'app'" in caplog.text
