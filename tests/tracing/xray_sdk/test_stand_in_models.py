"""What the stand-in for aws_xray_sdk has: headers, helpers, local rules, and what is configured with it."""

import logging
from typing import Any

import pytest

from cruddur_tracing.xray_sdk import errors
from cruddur_tracing.xray_sdk.standin import models, modules, samplers
from cruddur_tracing.xray_sdk.standin.recorder import AWSXRayRecorder, SDKConfig, UDPEmitter, xray_recorder
from tests.tracing.xray_sdk.conftest import TRACE_ID, Process


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
