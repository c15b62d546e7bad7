"""X-Ray's rules through the SDK's own sampler, with pollers of the process that asks."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler

from cruddur_tracing.agent import Agent
from cruddur_tracing.central import CentralSampler, RequestRules
from cruddur_tracing.failures import Failures
from cruddur_tracing.incoming import Incoming
from cruddur_tracing.upstream import NOTHING
from tests.tracing.conftest import Rules

WILDCARDS = dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")
DEFAULT = {"RuleName": "Default", "Priority": 10000, "FixedRate": 0.0, "ReservoirSize": 0, "Version": 1} | WILDCARDS
CHECKOUT = DEFAULT | {"RuleName": "checkout", "Priority": 1, "FixedRate": 1.0, "URLPath": "/checkout/*"}
ALL_LOCAL = {"version": 2, "default": {"fixed_target": 0, "rate": 1.0}}
NONE_LOCAL = {"version": 2, "default": {"fixed_target": 0, "rate": 0.0}}


class _Proxy(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer GetSamplingRules with two rules."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"SamplingRuleRecords": [{"SamplingRule": rule} for rule in (DEFAULT, CHECKOUT)]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[Agent]:
    """Run an agent's TCP port that has two rules: all of /checkout/, nothing else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Agent("127.0.0.1", server.server_port, "127.0.0.1", server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def failures() -> Failures:
    """Give counters that start at nothing."""
    return Failures()


def decided_by_rules(sampler: CentralSampler, caplog: pytest.LogCaptureFixture) -> None:
    """Wait until the rules are there."""
    while "sampling.central" not in caplog.text:
        sampler.should_trace({"path": "/"})


def test_the_agents_rules_decide(proxy: Agent, failures: Failures, caplog: pytest.LogCaptureFixture) -> None:
    """By path, with the rule's name; the first question starts the polling."""
    caplog.set_level(logging.INFO, "cruddur_tracing")
    sampler = CentralSampler(proxy, Context(), failures)
    decided_by_rules(sampler, caplog)
    assert sampler.should_trace({"path": "/checkout/1"}) == "checkout"
    assert sampler.should_trace({"path": "/other"}) is False
    assert (sampler.agent, failures.counts) == (proxy, {})
    sampler.stop()


def test_a_forked_worker_is_a_client_of_its_own(
    proxy: Agent, failures: Failures, caplog: pytest.LogCaptureFixture
) -> None:
    """Quotas are divided over client ids: workers that share the master's would each take the whole."""
    caplog.set_level(logging.INFO, "cruddur_tracing")
    sampler = CentralSampler(proxy, Context(), failures)
    sampler.start()
    sampler.start()
    master = sampler.client_id
    sampler.restart()
    assert len(master) == len(sampler.client_id) == 24
    assert master != sampler.client_id
    sampler.stop()


def test_local_rules_of_the_app_are_kept(failures: Failures) -> None:
    """`xray_recorder.configure(sampling_rules=)`, before or after install, decides while there is no agent."""
    nobody = Agent("127.0.0.1", 9, "127.0.0.1", 9)
    sampler = CentralSampler(nobody, Context(), failures, LocalSampler(ALL_LOCAL))
    assert sampler.should_trace({"path": "/"}) is True
    sampler.load_local_rules(NONE_LOCAL)
    sampler.restart()
    assert sampler.should_trace() is False
    sampler.stop()


def test_an_error_in_the_sdk_is_counted_and_the_local_rule_decides(failures: Failures) -> None:
    """The request goes on, whatever the SDK's sampler makes of it."""
    sampler = CentralSampler(Agent("127.0.0.1", 9, "127.0.0.1", 9), Context(), failures, LocalSampler(ALL_LOCAL))
    unusable: Any = 1
    with pytest.raises(AttributeError):
        sampler.should_trace(unusable)
    assert failures.counts == {"sampling.failed": 1}
    sampler.stop()


class Recorder:
    """What RequestRules looks at of the SDK's recorder."""

    def __init__(self, sampler: object, *, sampling: bool = True) -> None:
        self.sampler = sampler
        self.sampling = sampling
        self._origin = "AWS::EC2::Instance"


def test_a_span_outside_of_requests_is_asked_for_by_service(failures: Failures) -> None:
    """A background job has no host and no path; such a rule must match by service alone."""
    rules = Rules("jobs")
    assert RequestRules(Recorder(rules), "shop", failures).decide(None) is True
    assert rules.asked == [{"service": "shop", "service_type": "AWS::EC2::Instance"}]


def test_sampling_can_be_switched_off_in_the_recorder(failures: Failures) -> None:
    """`xray_recorder.configure(sampling=False)` records everything."""
    incoming = Incoming(NOTHING, "shop", "host", "GET", "/", excluded=False)
    assert RequestRules(Recorder(Rules(False), sampling=False), "shop", failures).decide(incoming) is True
    assert incoming.rule is None


def test_a_sampler_that_fails_records_nothing(failures: Failures) -> None:
    """The recorder's sampler may be anybody's."""
    assert RequestRules(Recorder(None), "shop", failures).decide(None) is False
    assert failures.counts == {"sampling.failed": 1}
