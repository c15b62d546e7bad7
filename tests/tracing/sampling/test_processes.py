"""What only whole processes show: a fork, the exit, and OpenTelemetry's own configuration."""

import json
import os
import subprocess
import sys
import time

import pytest

from pytest_xray_local import XRayLocal
from tests.tracing.sampling.scripted_agent import Reply, scripted_agent
from tests.tracing.sampling.test_remote import create_rule, logged

pytestmark = pytest.mark.process

START = """
import json, os, sys, threading, time
from cruddur_tracing.resilience.network.address import Agent
from cruddur_tracing.sampling import RemoteRules, SamplingSettings, Schedule
from xray_model import RequestProperties
HOME = RequestProperties(url_path="/")
schedule = Schedule(targets=0.1, targets_jitter=0.0, retry=0.1, timeout=60.0)
rules = RemoteRules(
    SamplingSettings(address=Agent.parse(os.environ["AWS_XRAY_DAEMON_ADDRESS"]).tcp, schedule=schedule),
    start_in_children=bool(os.environ.get("EAGER")),
)
def wait_for_rules():
    while not rules.rule_names:
        time.sleep(0.01)
def threads():
    return sum(thread.name == "xray-sampling" for thread in threading.enumerate())
"""


def run(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end; what it writes to standard error fails the test. Scripts may fork: see wires.forking."""
    unset = ("OTEL_", "AWS_", "PYTEST", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
    finished = subprocess.run(
        [sys.executable, "-c", script], env=kept | environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished


FORK = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and newer: a process with threads forks
rules.decide(HOME)
wait_for_rules()
for _ in range(7):
    rules.decide(HOME)
parent = {"id": rules.client_id, "threads": threads()}
if os.fork() == 0:
    child = {"threads": threads(), "names": rules.rule_names, "id": rules.client_id}
    child["first"] = rules.decide(HOME).rule
    child["threads after"] = threads()
    while rules._rules.states[0].interval == schedule.targets:  # until the answer to its report assigns another
        time.sleep(0.01)
    print(json.dumps([parent, child]), flush=True)
    rules.stop()
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("eager", [False, True])
def test_a_forked_child_is_a_new_client_that_knows_the_rules(xray_local: XRayLocal, eager: bool) -> None:
    """Its first decision is by the rules of its parent; it reports its own requests under its own id."""
    create_rule(xray_local, "shop")
    environ = {"EAGER": "1"} if eager else {}
    finished = run(START + FORK, AWS_XRAY_DAEMON_ADDRESS=xray_local.agent, **environ)
    parent, child = json.loads(finished.stdout)
    assert (parent["threads"], child["threads"], child["threads after"]) == (1, int(eager), 1)
    assert (child["names"], child["first"]) == (["shop", "Default"], "shop")
    assert parent["id"] != child["id"]
    counts = dict.fromkeys((parent["id"], child["id"]), 0)
    for call in logged(xray_local, "GetSamplingTargets"):
        for document in call["SamplingStatisticsDocuments"]:
            counts[document["ClientID"]] += document["RequestCount"]
    assert counts[child["id"]] == 1


EXIT = """
import logging
logging.basicConfig(level=logging.CRITICAL)
rules.decide(HOME)
time.sleep(0.3)
"""


def test_a_process_ends_while_the_agent_does_not_answer() -> None:
    """At once, and in silence."""
    with scripted_agent(*[Reply(hang=True)] * 9) as agent:
        start = time.monotonic()
        run(START + EXIT, AWS_XRAY_DAEMON_ADDRESS=str(agent.address))
        assert time.monotonic() - start < 50
        assert [path for _, path in agent.paths] in ([], ["/GetSamplingRules"])


PATCHED = """
from aws_xray_sdk.core import patch
patch(("httplib",))
rules.start()
wait_for_rules()
"""


def test_polling_is_not_seen_by_instrumentations_of_http_client(xray_local: XRayLocal) -> None:
    """The X-Ray SDK would log for each call that there is no segment."""
    run(START + PATCHED, AWS_XRAY_DAEMON_ADDRESS=xray_local.agent)


OPENTELEMETRY = """
import json, time
from opentelemetry import trace
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
_OTelSDKConfigurator().configure()
tracer = trace.get_tracer("test")
tracer.start_span("starts the polling").end()
sampler = trace.get_tracer_provider().sampler
while not sampler.rules.rule_names:
    time.sleep(0.01)
spans = [tracer.start_span("GET", attributes={"url.path": path}) for path in ("/kept", "/dropped")]
flags = [span.get_span_context().trace_flags.sampled for span in spans]
print(json.dumps([flags, [dict(getattr(span, "attributes", {})) for span in spans]]))
print(sampler.get_description())
"""


@pytest.mark.parametrize("by_argument", [True, False])
def test_opentelemetrys_own_configuration_finds_the_sampler(xray_local: XRayLocal, by_argument: bool) -> None:
    """`OTEL_TRACES_SAMPLER=xray` is all it takes; a proxy in the environment has no effect."""
    create_rule(xray_local, "kept", URLPath="/kept", ServiceName="shop")
    create_rule(xray_local, "dropped", Priority=2, FixedRate=0.0)
    environ = {
        "OTEL_TRACES_SAMPLER": "xray",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_SERVICE_NAME": "shop",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    if by_argument:
        environ["OTEL_TRACES_SAMPLER_ARG"] = f"endpoint=http://{xray_local.agent},polling_interval=60"
    else:
        environ["AWS_XRAY_DAEMON_ADDRESS"] = f"tcp:{xray_local.agent} udp:127.0.0.1:9"
    flags, description = run(OPENTELEMETRY, **environ).stdout.splitlines()
    assert json.loads(flags) == [[True, False], [{"url.path": "/kept", "aws.xray.sampling_rule": "kept"}, {}]]
    assert description == f"XRaySampler{{{xray_local.agent}}}"
