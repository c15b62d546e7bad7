"""What an app configures: it takes effect, is reported to the process, or is warned of."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from cruddur_tracing.xray_sdk.configuration import plugins
from cruddur_tracing.xray_sdk.configuration.settings import DefaultDynamicNaming, RecorderSettings
from cruddur_tracing.xray_sdk.recorder.context import Context
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.xray_sdk.conftest import KeptSpans, Process

LOCAL_RULES = {"version": 2, "rules": [], "default": {"fixed_target": 1, "rate": 0.5}}


class OwnSampler:
    """A sampler of the app."""

    def should_trace(self, sampling_req: Any = None) -> bool:
        """Sample nothing."""
        return False


def test_what_is_configured_is_reported_together(recorder: Recorder, process: Process) -> None:
    naming, sampler = DefaultDynamicNaming("*.shop", "shop"), OwnSampler()
    recorder.configure(
        sampling=False,
        service="orders",
        daemon_address="10.0.0.1:3000",
        dynamic_naming=naming,
        max_trace_back=5,
        sampler=sampler,
        sampling_rules=None,
        stream_sql=False,
    )
    assert process.configured == [
        RecorderSettings(
            sampling=False,
            service="orders",
            daemon_address="10.0.0.1:3000",
            dynamic_naming=naming,
            max_trace_back=5,
            sampler=sampler,
        )
    ]
    assert (recorder.service, recorder.sampler, recorder.stream_sql) == ("orders", sampler, False)


def test_properties_are_reported_one_by_one(recorder: Recorder, process: Process) -> None:
    recorder.service = "orders"
    recorder.sampling = 0
    recorder.max_trace_back = 3
    recorder.max_trace_back = -1
    recorder.dynamic_naming = None
    assert process.configured[:3] == [
        RecorderSettings(service="orders"),
        RecorderSettings(sampling=False),
        RecorderSettings(max_trace_back=3),
    ]


def test_what_is_configured_before_the_process_is_known_is_reported_then(process: Process) -> None:
    recorder = Recorder()
    recorder.configure(service="orders")
    recorder.configure(sampling=False)
    recorder.wire(process.wiring())
    assert process.configured == [RecorderSettings(service="orders", sampling=False)]


def test_the_variables_take_precedence(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_XRAY_TRACING_NAME", "by-variable")
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "10.0.0.9:2000")
    recorder = Recorder()
    recorder.wire(process.wiring())
    recorder.configure(service="orders", daemon_address="10.0.0.1:3000")
    recorder.emitter.set_daemon_address("10.0.0.2:3000")
    assert recorder.service == "by-variable"
    assert [settings.daemon_address for settings in process.configured] == ["10.0.0.9:2000"] * 2


def test_what_has_no_effect_is_warned_of_once(
    recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    class Foreign:
        context_missing = "IGNORE_ERROR"

    recorder.configure(context=Foreign(), emitter=Foreign(), streaming=Foreign(), streaming_threshold=5)
    recorder.enabled = False
    assert recorder.enabled
    assert [record.message.partition(":")[2].partition(" has")[0] for record in caplog.records] == [
        " emitter",
        " context",
        " streaming",
        " streaming_threshold",
        " enabled",
    ]
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    assert process.configured == []
    assert recorder.context.context_missing == "IGNORE_ERROR"
    assert recorder.streaming_threshold == 30
    assert not recorder.streaming.is_eligible(None)
    recorder.streaming.stream(None, None)


def test_sending_by_hand_is_warned_of(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    recorder.emitter.send_entity("segment")
    recorder.emitter = recorder.emitter
    assert [record.message for record in caplog.records] == [
        "send_entity('segment') is ignored: segments and subsegments are sent when they end"
    ]


def test_the_sdks_own_context_and_emitter_are_understood(
    recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    from aws_xray_sdk.core.context import Context as StockContext
    from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter

    emitter = UDPEmitter("10.0.0.1:3000")
    recorder.configure(context=StockContext("RUNTIME_ERROR"), emitter=emitter)
    emitter._socket.close()
    assert caplog.records == []
    assert recorder.context.context_missing == "RUNTIME_ERROR"
    assert process.configured == [RecorderSettings(daemon_address="10.0.0.1:3000")]


def test_our_own_context_is_taken(recorder: Recorder) -> None:
    own = Context("IGNORE_ERROR")
    recorder.configure(context=own)
    assert recorder.context is own


@pytest.mark.parametrize("by_file", [False, True])
def test_local_rules_are_reported(recorder: Recorder, process: Process, tmp_path: Path, by_file: bool) -> None:
    rules: Any = LOCAL_RULES
    if by_file:
        (tmp_path / "rules.json").write_text(json.dumps(LOCAL_RULES))
        rules = str(tmp_path / "rules.json")
    recorder.configure(sampling_rules=rules)
    assert process.configured == [RecorderSettings(sampling_rules=LOCAL_RULES)]


def test_the_sdks_central_sampler_is_the_rules(recorder: Recorder, process: Process) -> None:
    class DefaultSampler:
        """By the name of the SDK's."""

    rules = recorder.sampler
    recorder.configure(sampler=DefaultSampler())
    assert type(recorder.sampler) is type(rules)
    assert recorder.sampler.should_trace({"service": "a", "path": "/"}) is True
    assert process.decided == [{"service": "a", "path": "/"}]


def test_the_apps_sampler_decides_about_segments(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    recorder.configure(sampler=OwnSampler())
    with recorder.in_segment("job"):
        pass
    assert (kept.spans, process.decided) == ([], [])


def test_a_pattern_names_by_the_host(recorder: Recorder) -> None:
    recorder.configure(service="shop", dynamic_naming="*.Shop.com")
    naming = recorder.dynamic_naming
    assert (naming.get_name("a.shop.com"), naming.get_name("other"), naming.get_name(None)) == (
        "a.shop.com",
        "shop",
        "shop",
    )


def test_plugins_describe_roots(
    recorder: Recorder, process: Process, kept: KeptSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "container-1")
    recorder.configure(plugins=("ECSPlugin",))
    with recorder.in_segment("job"):
        pass
    data = kept["job"].xray_data()
    assert (data.origin, data.aws) == ("AWS::ECS::Container", {"ecs": {"container": "container-1"}})
    assert process.configured == [RecorderSettings(origin=data.origin, aws=data.aws)]
    recorder.configure(plugins=())
    assert process.configured[1] == RecorderSettings(aws={})
    with recorder.in_segment("other"):
        pass
    assert kept["other"].xray is None


def test_elastic_beanstalk_has_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "environment.conf"
    monkeypatch.setattr(plugins, "BEANSTALK_FILE", file)
    assert plugins.run(["elasticbeanstalk_plugin"]) == (None, {})
    file.write_text('{"deployment_id": 7}')
    assert plugins.run(["ElasticBeanstalkPlugin"]) == (
        "AWS::ElasticBeanstalk::Environment",
        {"elastic_beanstalk": {"deployment_id": 7}},
    )


def test_plugins_that_find_nothing_are_named(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(plugins, "EC2_METADATA", "http://127.0.0.1:1/latest")
    assert plugins.run(["EC2Plugin", "MoonPlugin"]) == (None, {})
    assert "plugins: 'EC2Plugin' found nothing" in caplog.text
    assert "plugins: 'MoonPlugin': expected EC2Plugin, ECSPlugin or ElasticBeanstalkPlugin" in caplog.text
