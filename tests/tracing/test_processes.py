"""The library as it is run: gunicorn with two workers, under opentelemetry-instrument or not, and a real xray-local."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from pytest_xray_local.process import running
from tests.tracing.served import (
    api,
    both,
    documents,
    echo,
    environment,
    is_span,
    operations,
    rules_fetched,
    sample_all,
    served,
    until,
)

pytestmark = pytest.mark.process


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["each worker loads", "preload"])
def test_one_trace_from_every_worker_also_after_sighup(
    xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Span and segment are one entry, with the rule's name and a worker's own instance id; each fetches the rules."""
    sample_all(xray_local)
    with served(free_port(), tmp_path / "log", environment(xray_local), *options) as running:
        rules_fetched(xray_local, 2)
        for _ in range(2):
            fetched = operations(xray_local.api).count("GetSamplingRules")
            instances = {}
            for answer in running.one_of_each(2):
                span, segment = both(xray_local, answer.trace)
                assert segment["id"] == span["id"]
                assert segment["aws"]["xray"]["sampling_rule_name"] == "Default"
                instances[answer.body["pid"]] = span["metadata"]["otel"]["resource"]["service.instance.id"]
            assert len(set(instances.values())) == 2
            running.reload()
            rules_fetched(xray_local, fetched + 2)


def test_a_worker_may_start_opentelemetry_after_the_fork(
    xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path
) -> None:
    """An app that was installed in the master, by OpenTelemetry's fork example: both wires from every worker."""
    sample_all(xray_local)
    options = ("--preload", "-c", "python:tests.tracing.gunicorn_fork_example")
    with served(free_port(), tmp_path / "log", environment(xray_local), *options, opentelemetry=False) as running:
        running.one_of_each(2)  # with its first request a worker fetches the rules
        rules_fetched(xray_local, 2)
        for answer in running.one_of_each(2):
            span, segment = both(xray_local, answer.trace)
            assert (segment["id"], segment["name"]) == (span["id"], "shop")
            assert span["metadata"]["otel"]["resource"]["service.name"] == "api-service"
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_without_opentelemetry(xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path) -> None:
    """Without opentelemetry-instrument there are segments only, and outgoing calls carry X-Ray's header."""
    sample_all(xray_local)
    with (
        echo() as url,
        served(free_port(), tmp_path / "log", environment(xray_local), opentelemetry=False) as running,
    ):
        rules_fetched(xray_local, 2)
        answer = running.get(f"/call?url={url}")
        (segment,) = until(lambda: documents(xray_local, answer.trace))
    (call,) = segment["subsegments"]
    assert not is_span(segment)
    assert answer.body["x-amzn-trace-id"] == f"Root={answer.trace};Parent={call['id']};Sampled=1"


def test_without_segments(xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path) -> None:
    """One setting leaves the SDK: spans only, and the rules decide as before."""
    api(
        xray_local.api,
        "UpdateSamplingRule",
        SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 0.0, "ReservoirSize": 0},
    )
    root = "1-5759e988-bd862e3fe1be46a994272793"
    settings = environment(xray_local, AWS_XRAY_SDK_ENABLED="false")
    with served(free_port(), tmp_path / "log", settings) as running:
        rules_fetched(xray_local, 2)
        unsampled = running.get()
        running.get(X_Amzn_Trace_Id=f"Root={root};Sampled=1")
        (span,) = until(lambda: documents(xray_local, root))
    assert is_span(span)
    assert documents(xray_local, unsampled.trace) == []


def test_outgoing_calls_carry_both_headers(xray_local: XRayLocal, free_port: Callable[[], int], tmp_path: Path) -> None:
    """Same root, same parent, same decision, written once; an unsampled trace continues unrecorded, with its id."""
    sample_all(xray_local)
    unsampled = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"
    with echo() as url, served(free_port(), tmp_path / "log", environment(xray_local)) as running:
        rules_fetched(xray_local, 2)
        answer = running.get(f"/call?url={url}")
        seen = running.get(f"/call?url={url}", X_Amzn_Trace_Id=unsampled).body
    w3c = re.fullmatch(r"00-(\w{8})(\w{24})-(\w{16})-01", answer.body["traceparent"])
    assert w3c is not None
    assert answer.body["x-amzn-trace-id"] == f"Root=1-{w3c[1]}-{w3c[2]};Parent={w3c[3]};Sampled=1"
    assert answer.trace == f"1-{w3c[1]}-{w3c[2]}"
    assert seen["traceparent"].startswith("00-5759e988bd862e3fe1be46a994272793-")
    assert seen["traceparent"].endswith("-00")
    assert seen["x-amzn-trace-id"].startswith("Root=1-5759e988-bd862e3fe1be46a994272793;")
    assert seen["x-amzn-trace-id"].endswith(";Sampled=0")


def test_the_rules_decide_as_soon_as_there_is_an_agent(free_port: Callable[[], int], tmp_path: Path) -> None:
    """Nobody listens at first: requests are answered, each worker says it once and turns to the rules by itself."""
    agent, log = free_port(), tmp_path / "log"
    settings = {"AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{agent}", "OTEL_TRACES_EXPORTER": "none"}
    with served(free_port(), log, settings) as shop:
        until(lambda: log.read_text().count("sampling.local") == 2)
        assert shop.get().status == 200
        with running(agent_port=agent) as local:
            rules_fetched(local, 2)
        assert log.read_text().count("sampling.local") == 2
