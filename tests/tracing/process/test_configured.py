"""What an app sets with `xray_recorder.configure`, before or after `install`, is what its requests are traced by."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.async_recorder import AsyncAWSXRayRecorder
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler
from flask import Flask
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NoOpTracerProvider

from cruddur_tracing import TracingSettings, install, uninstall
from cruddur_tracing.install import current
from cruddur_tracing.resilience.network.address import Agent
from tests.tracing.conftest import Datagrams, routes
from tests.tracing.sampling.scripted_agent import answer, scripted_agent
from tests.tracing.served import until

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
SAMPLED = {"X-Amzn-Trace-Id": f"{ROOT};Sampled=1"}
NEVER = {"version": 2, "rules": [], "default": {"fixed_target": 0, "rate": 0.0}}
ALWAYS = {"version": 2, "rules": [], "default": {"fixed_target": 0, "rate": 1.0}}
Configure = Callable[..., Flask]


@pytest.fixture(autouse=True)
def uninstalled() -> Iterator[None]:
    """Give the SDK's recorder back, which restores what it had."""
    yield
    uninstall()


@pytest.fixture
def fresh_recorder() -> Iterator[None]:
    """Let the SDK's recorder be as it is when it has just been imported, and restore it after the test."""
    before = vars(xray_recorder).copy()
    fresh = AsyncAWSXRayRecorder()
    vars(xray_recorder).update(vars(fresh))
    yield
    uninstall()
    vars(xray_recorder).update(before)
    fresh.emitter._socket.close()


def installed(settings: TracingSettings | None = None) -> Flask:
    """Return an app that is traced without OpenTelemetry."""
    app = Flask("shop")
    routes(app)
    install(app, settings or TracingSettings(), {}, tracer_provider=NoOpTracerProvider())
    return app


@pytest.fixture
def configured(datagrams: Datagrams) -> Configure:
    """Return a function that makes an app and configures the recorder; the agent is that of `datagrams`."""

    def make(settings: TracingSettings | None = None, **configuration: Any) -> Flask:
        app = installed(settings)
        xray_recorder.configure(**{"daemon_address": f"127.0.0.1:{datagrams.port}"} | configuration)
        return app

    return make


def sent(app: Flask, datagrams: Datagrams, **headers: str) -> list[dict[str, Any]]:
    """Request the home page, and return the segments that arrive."""
    assert app.test_client().get("/", headers=headers).status_code == 200
    return datagrams.documents()


def test_segments_have_the_name_and_go_to_the_address(configured: Configure, datagrams: Datagrams) -> None:
    """No variable is set."""
    (segment,) = sent(configured(service="my-service"), datagrams, **SAMPLED)
    assert (segment["name"], f"1-{segment['trace_id'][2:]}") == ("my-service", ROOT.removeprefix("Root="))


@pytest.mark.usefixtures("fresh_recorder")
def test_what_was_configured_before_counts_as_well(datagrams: Datagrams) -> None:
    """The same by the recorder of the SDK: name, address and sampler."""
    configuration = {"service": "my-service", "sampler": LocalSampler(ALWAYS)}
    xray_recorder.configure(daemon_address=f"127.0.0.1:{datagrams.port}", **configuration)
    app = installed()
    segments = [segment for _ in range(3) for segment in sent(app, datagrams)]
    assert [segment["name"] for segment in segments] == ["my-service"] * 3


def test_the_variables_come_first(configured: Configure, datagrams: Datagrams) -> None:
    """AWS_XRAY_TRACING_NAME and AWS_XRAY_DAEMON_ADDRESS, as with the SDK."""
    settings = TracingSettings(agent=Agent.at("127.0.0.1", datagrams.port), tracing_name="by-variable")
    app = configured(settings, service="my-service", daemon_address="127.0.0.1:1")
    (segment,) = sent(app, datagrams, **SAMPLED)
    assert segment["name"] == "by-variable"


@pytest.mark.parametrize(("host", "name"), [("a.shop.example", "a.shop.example"), ("other", "orders")])
def test_segments_are_named_by_the_host(configured: Configure, datagrams: Datagrams, host: str, name: str) -> None:
    app = configured(service="orders", dynamic_naming="*.shop.example")
    (segment,) = sent(app, datagrams, Host=host, **SAMPLED)
    assert segment["name"] == name


@pytest.mark.parametrize(
    ("configuration", "recorded"),
    [
        ({"sampler": LocalSampler(NEVER)}, 0),
        ({"sampler": LocalSampler(ALWAYS)}, 3),
        ({"sampling": False}, 3),
        ({"sampling_rules": NEVER}, 0),
        ({"sampling_rules": ALWAYS}, 3),
    ],
    ids=["sampler, never", "sampler, always", "sampling off", "local rules, never", "local rules, always"],
)
def test_requests_are_sampled_by_what_is_configured(
    configured: Configure, datagrams: Datagrams, configuration: dict[str, Any], recorded: int
) -> None:
    """A sampler and `sampling=False` decide instead of X-Ray's rules, local rules for as long as those are unknown."""
    app = configured(**configuration)
    assert sum(len(sent(app, datagrams)) for _ in range(3)) == recorded


def test_a_decision_of_the_caller_comes_before_the_sampler(configured: Configure, datagrams: Datagrams) -> None:
    app = configured(sampler=LocalSampler(NEVER))
    assert len(sent(app, datagrams, **SAMPLED)) == 1


def test_segments_name_what_the_plugins_found(
    configured: Configure, datagrams: Datagrams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "container-1")
    (segment,) = sent(configured(plugins=("ECSPlugin",)), datagrams, **SAMPLED)
    assert segment["origin"] == "AWS::ECS::Container"
    assert segment["aws"]["ecs"]["container"] == "container-1"


def test_segments_can_be_switched_off(configured: Configure, datagrams: Datagrams) -> None:
    """By the SDK's own switch, and on again."""
    app = configured()
    global_sdk_config.set_sdk_enabled(False)
    assert sent(app, datagrams, **SAMPLED) == []
    global_sdk_config.set_sdk_enabled(True)
    assert len(sent(app, datagrams, **SAMPLED)) == 1


def test_an_address_that_cannot_be_read_changes_nothing(
    configured: Configure, datagrams: Datagrams, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names it and the address that stays."""
    app = configured()
    xray_recorder.configure(daemon_address="nowhere")
    assert "xray_recorder: daemon_address: 'nowhere': expected " in caplog.text
    assert len(sent(app, datagrams, **SAMPLED)) == 1


def test_a_serving_process_polls_the_configured_agent() -> None:
    """Before its first request, and although it polled the one that the variables name."""
    with scripted_agent(answer()) as agent:
        install(Flask("shop"), TracingSettings(), {})
        current().serve()
        xray_recorder.configure(daemon_address=f"127.0.0.1:{agent.address.port}")
        until(lambda: current().decisions.rules.rule_names == ("Default",))
        uninstall()


def test_spans_outside_of_requests_are_sampled_by_the_configured_agents_rules() -> None:
    """Also where OpenTelemetry's provider was joined before the app configured the recorder."""
    provider = TracerProvider(shutdown_on_exit=False)
    install(Flask("shop"), TracingSettings(), {}, tracer_provider=provider)
    sampler = current().decisions.sampler()
    xray_recorder.configure(daemon_address="127.0.0.1:1", sampling_rules=NEVER)
    assert sampler.get_description() == "XRaySampler{127.0.0.1:1}"
    assert [sampler.should_sample(None, number, "job").decision for number in range(3)] == [Decision.DROP] * 3
