"""The stand-in for an aws_xray_sdk that is not installed: what can be imported, from when on, and `patch`."""

import importlib.machinery
import json
import logging
import os
import socket
import subprocess
import sys
import textwrap
from types import ModuleType
from typing import Any

import pytest
from opentelemetry.instrumentation.requests import RequestsInstrumentor

from cruddur_tracing.xray_sdk.standin import modules, patching

HIDE_THE_SDK = """
import importlib.machinery, sys
find = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = classmethod(
    lambda cls, name, *args: None if name.partition(".")[0] == "aws_xray_sdk" else find(name, *args)
)
"""
A_PROCESS = """
from tests.tracing.xray_sdk.conftest import *
kept = KeptSpans()
process = Process(kept, Pipeline(Resource({}), RandomIdGenerator(), KeptFailures(), otlp=kept))
"""


def run(program: str, before: str = HIDE_THE_SDK + A_PROCESS) -> str:
    """Run a program in a process without the SDK, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", before + textwrap.dedent(program)],
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


def test_a_program_imports_the_library_first() -> None:
    """`python app.py`, without opentelemetry-instrument: what is configured before `install` counts as after it."""
    program = """
        from cruddur_tracing import install
        from aws_xray_sdk.core import xray_recorder
        from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
        from flask import Flask

        app = Flask("shop")
        xray_recorder.configure(service="orders", sampling=False, daemon_address="127.0.0.1:{port}")
        XRayMiddleware(app, xray_recorder)

        @app.get("/")
        @xray_recorder.capture("view")
        def view():
            return ""

        install(app)
        app.test_client().get("/")
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(10)
        run(textwrap.dedent(program).format(port=agent.getsockname()[1]), HIDE_THE_SDK)
        document = json.loads(agent.recv(70_000).split(b"\n", 1)[1])
    assert (document["name"], [child["name"] for child in document["subsegments"]]) == ("orders", ["view"])


def test_it_is_imported_when_the_app_imports_it() -> None:
    """A traced app that does not use X-Ray's API does not wait for it."""
    program = """
        import sys
        from cruddur_tracing import install
        from flask import Flask

        install(Flask("shop"))
        names = ("entities", "recorder.recorder", "standin.modules", "standin.recorder")
        print([name for name in names if f"cruddur_tracing.xray_sdk.{name}" in sys.modules])
        from aws_xray_sdk.core import xray_recorder
        print(xray_recorder.wiring.service())
    """
    assert run(program, HIDE_THE_SDK).split() == ["[]", "shop"]


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
