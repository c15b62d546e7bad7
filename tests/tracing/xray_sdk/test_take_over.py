"""Taking over the installed SDK: its recorder, configured before or after, its classes, and giving it all back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import AWSXRayRecorder, xray_recorder
from aws_xray_sdk.core.async_recorder import AsyncAWSXRayRecorder
from aws_xray_sdk.core.exceptions import exceptions as sdk_errors
from aws_xray_sdk.core.models.dummy_entities import DummySegment, DummySubsegment
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler

from cruddur_tracing.xray_sdk import global_recorder
from cruddur_tracing.xray_sdk.configuration.settings import RecorderSettings
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.xray_sdk.conftest import KeptSpans, Process


@xray_recorder.capture("captured before")  # type: ignore[untyped-decorator]
def captured_before() -> None:
    """Do nothing, in a subsegment."""


@pytest.fixture
def stock() -> Iterator[Any]:
    """Return the SDK's recorder as it is when it has just been imported, and restore it after the test."""
    before = vars(xray_recorder).copy()
    fresh = AsyncAWSXRayRecorder()
    vars(xray_recorder).update(vars(fresh))
    yield xray_recorder
    global_recorder.release()
    vars(xray_recorder).update(before)
    fresh.emitter._socket.close()


def test_the_recorder_writes_to_spans_wherever_it_was_imported(sdk: Any, process: Process, kept: KeptSpans) -> None:
    assert sdk is xray_recorder
    assert isinstance(sdk, Recorder)
    assert isinstance(sdk, AWSXRayRecorder)
    with process.request(), sdk.in_subsegment("a"):
        captured_before()
    assert kept.tree() == {"GET /": {"a": {"captured before": {}}}}


def test_entities_are_the_sdks(sdk: Any, process: Process) -> None:
    with process.request(), sdk.in_subsegment("a") as subsegment:
        assert isinstance(subsegment, Subsegment)
        assert isinstance(sdk.current_segment(), Segment)
        assert not isinstance(subsegment, DummySubsegment)
    with process.request(sampled=False), sdk.in_subsegment("a") as subsegment:
        assert isinstance(subsegment, DummySubsegment)
        assert isinstance(sdk.current_segment(), DummySegment)


def test_exceptions_are_the_sdks(sdk: Any, process: Process) -> None:
    with process.request(), sdk.in_subsegment("a") as subsegment:
        subsegment.close()
        with pytest.raises(sdk_errors.AlreadyEndedException):
            subsegment.put_annotation("a", 1)
    sdk.configure(context_missing="RUNTIME_ERROR")
    with pytest.raises(sdk_errors.SegmentNotFoundException):
        sdk.current_segment()


def test_release_gives_everything_back(process: Process) -> None:
    before = vars(xray_recorder).copy()
    global_recorder.take_over(process.wiring())
    global_recorder.take_over(process.wiring())
    global_recorder.release()
    assert type(xray_recorder).__module__ == "aws_xray_sdk.core.async_recorder"
    assert vars(xray_recorder) == before
    global_recorder.release()
    assert Segment not in Recorder.__mro__


def test_another_call_serves_another_process(sdk: Any, process: Process) -> None:
    other = Process(process.kept, process.pipeline, decision=False)
    global_recorder.take_over(other.wiring())
    with sdk.in_segment("job"):
        pass
    assert (len(other.decided), process.decided) == (1, [])


def test_what_was_configured_before_is_reported(stock: Any, process: Process) -> None:
    stock.configure(
        service="orders",
        sampling=False,
        daemon_address="tcp:10.0.0.1:3000 udp:10.0.0.2:3001",
        context_missing="IGNORE_ERROR",
        dynamic_naming="*.shop",
        max_trace_back=5,
        plugins=("ECSPlugin",),
        sampling_rules={
            "version": 2,
            "rules": [{"host": "*", "http_method": "GET", "url_path": "/a", "fixed_target": 0, "rate": 1.0}],
            "default": {"fixed_target": 2, "rate": 0.5},
        },
        stream_sql=False,
    )
    global_recorder.take_over(process.wiring())
    (settings,) = process.configured
    assert settings.aws is not None
    assert settings == RecorderSettings(
        service="orders",
        sampling=False,
        daemon_address="tcp:10.0.0.1:3000 udp:10.0.0.2:3001",
        dynamic_naming=stock.dynamic_naming,
        max_trace_back=5,
        origin="AWS::ECS::Container",
        aws=settings.aws,
        sampling_rules={
            "version": 2,
            "rules": [{"host": "*", "http_method": "GET", "url_path": "/a", "fixed_target": 0, "rate": 1.0}],
            "default": {"fixed_target": 2, "rate": 0.5},
        },
    )
    assert list(settings.aws) == ["ecs"]
    assert settings.dynamic_naming.get_name("a.shop") == "a.shop"
    assert (stock.service, stock.sampling, stock.max_trace_back, stock.stream_sql) == ("orders", False, 5, False)
    assert stock.context.context_missing == "IGNORE_ERROR"


def test_the_defaults_are_not_reported(stock: Any, process: Process) -> None:
    global_recorder.take_over(process.wiring())
    assert process.configured == []


def test_an_own_sampler_and_address_are_reported(stock: Any, process: Process) -> None:
    sampler = LocalSampler()
    stock.configure(daemon_address="10.0.0.1:3000", sampler=sampler)
    global_recorder.take_over(process.wiring())
    assert process.configured == [RecorderSettings(sampler=sampler, daemon_address="10.0.0.1:3000")]
    assert stock.sampler is sampler


def test_what_has_no_effect_any_more_is_warned_of(
    stock: Any, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    class Foreign:
        streaming_threshold = 1
        context_missing = "LOG_ERROR"

    stock.configure(emitter=Foreign(), streaming=Foreign(), context=Foreign())
    global_recorder.take_over(process.wiring())
    warned = [record.message.split()[1] for record in caplog.records if record.name == "cruddur_tracing"]
    assert warned == ["context", "emitter", "streaming", "streaming_threshold"]


def test_calls_are_recorded_with_the_sdk_switched_off(
    stock: Any, process: Process, kept: KeptSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(global_sdk_config), "_SDKConfig__SDK_ENABLED", False)
    global_recorder.take_over(process.wiring())
    with process.request(), stock.in_subsegment("a"):
        pass
    assert kept.tree() == {"GET /": {"a": {}}}
    global_sdk_config.set_sdk_enabled(True)
    assert process.configured == [RecorderSettings(enabled=False), RecorderSettings(enabled=True)]
    global_recorder.release()
    assert type(global_sdk_config).set_sdk_enabled.__func__.__module__ == "aws_xray_sdk.sdk_config"


def run(program: str, **environment: str) -> str:
    """Run a program in a process of its own, and return what it prints."""
    environment["PYTHONPATH"] = os.pathsep.join((".", *sys.path))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PREPARE = """
import sys
from tests.tracing.xray_sdk.conftest import *
from cruddur_tracing.xray_sdk import global_recorder
kept = KeptSpans()
process = Process(kept, Pipeline(Resource({}), RandomIdGenerator(), KeptFailures(), otlp=kept))
global_recorder.take_over(process.wiring())
assert not any(name.startswith("aws_xray_sdk") for name in sys.modules), "imported"
"""


def test_an_sdk_that_is_imported_later_is_taken_over_then() -> None:
    printed = run(
        PREPARE
        + """
from aws_xray_sdk.core import xray_recorder, patch_all
xray_recorder.configure(service="orders")
with process.request(), xray_recorder.in_subsegment("a"):
    pass
print(kept.tree(), process.configured[-1].service)
""",
        AWS_XRAY_SDK_ENABLED="false",
    )
    assert printed == "{'GET /': {'a': {}}} orders\n"
