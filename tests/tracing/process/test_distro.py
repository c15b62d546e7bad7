"""The defaults of OpenTelemetry, and that the bare command gets them whatever else is installed."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from cruddur_tracing.process.startup.distro import DEFAULTS, CruddurDistro, set_defaults

INSTRUMENT = Path(sys.executable).with_name("opentelemetry-instrument")


def test_what_is_set_stays() -> None:
    """The defaults fill gaps only; the service has X-Ray's name unless it has its own."""
    environ = {"OTEL_METRICS_EXPORTER": "otlp", "AWS_XRAY_TRACING_NAME": "shop"}
    set_defaults(environ)
    assert environ == dict(DEFAULTS) | {
        "OTEL_METRICS_EXPORTER": "otlp",
        "AWS_XRAY_TRACING_NAME": "shop",
        "OTEL_SERVICE_NAME": "shop",
    }
    named = {"OTEL_SERVICE_NAME": "mine", "AWS_XRAY_TRACING_NAME": "shop"}
    set_defaults(named)
    assert named["OTEL_SERVICE_NAME"] == "mine"


def test_the_distro_is_registered() -> None:
    """OTEL_PYTHON_DISTRO=cruddur finds it."""
    (found,) = entry_points(group="opentelemetry_distro", name="cruddur")
    assert found.load() is CruddurDistro


def run(program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program by the bare command, with opentelemetry's own distro installed beside ours."""
    command = [str(INSTRUMENT), sys.executable, "-c", program]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AWS_"))}
    return subprocess.run(command, env=kept | environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.process
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"OTEL_PYTHON_DISTRO": "cruddur", **DEFAULTS}),
        ({"OTEL_PYTHON_DISTRO": "distro"}, {"OTEL_PYTHON_DISTRO": "distro", "OTEL_METRICS_EXPORTER": "otlp"}),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}),
    ],
    ids=["bare", "another distro named", "another protocol"],
)
def test_the_bare_command_gets_the_defaults(given: dict[str, str], expected: dict[str, str]) -> None:
    """`opentelemetry-instrument PROGRAM`."""
    names = [name for name in expected if name not in given]
    done = run(f"import os; print([os.environ.get(name) for name in {names}])", **given)
    assert done.stdout.strip() == str([expected[name] for name in names]), done.stderr


@pytest.mark.process
def test_an_exporter_that_is_not_installed_is_one_line() -> None:
    """OpenTelemetry starts without it, and the program runs."""
    program = "from opentelemetry import trace; print(type(trace.get_tracer_provider()).__module__)"
    done = run(program, OTEL_TRACES_EXPORTER="nowhere")
    assert done.stdout == "opentelemetry.sdk.trace\n"
    [line] = done.stderr.splitlines()
    assert line.startswith("tracing.exporter: OTEL_TRACES_EXPORTER: 'nowhere': expected an installed exporter: ")
    assert line.endswith("; no spans are exported")


@pytest.mark.process
def test_an_endpoint_that_is_not_a_url_is_named() -> None:
    """OpenTelemetry's own exporter would report it only when it sends."""
    done = run("", OTEL_EXPORTER_OTLP_ENDPOINT="collector:4318")
    problem = "OTLP: endpoint: 'collector:4318/v1/traces': expected a URL that begins with http:// or https://"
    assert done.stderr.splitlines()[0] == f"tracing.exporter: {problem}; OpenTelemetry's own exporter is used"


HEAVY = (
    "google.protobuf",
    "opentelemetry.exporter",
    "opentelemetry.sdk._logs",
    "opentelemetry.sdk.metrics",
    "requests",
)
STARTED = """
import sys
from opentelemetry import trace
provider = trace.get_tracer_provider()
processors = [type(item).__name__ for item in provider._active_span_processor._span_processors]
print(processors, provider.sampler.get_description()[:13])
print([name for name in {names} if name in sys.modules])
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("given", "started", "imported"),
    [
        ({}, "['WireProcessor'] XRaySampler{", set()),
        ({"OTEL_TRACES_EXPORTER": "none"}, "[] XRaySampler{", set()),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, "['WireProcessor'] AlwaysOffSamp", set(HEAVY[2:4])),
        ({"OTEL_METRICS_EXPORTER": "console"}, "['WireProcessor'] XRaySampler{", set(HEAVY[2:4])),
        ({"OTEL_TRACES_EXPORTER": "console"}, "['BatchSpanProcessor'] XRaySampler{", set(HEAVY[2:4])),
        ({"OTEL_PYTHON_CONFIGURATOR": "configurator"}, "['WireProcessor'] XRaySampler{", set(HEAVY)),
        ({"CRUDDUR_TRACING_ENABLED": "false"}, "['BatchSpanProcessor'] ParentBased{r", set(HEAVY)),
    ],
    ids=["bare", "no exporter", "a sampler", "metrics", "another exporter", "another configurator", "off"],
)
def test_only_what_is_asked_for_is_imported(given: dict[str, str], started: str, imported: set[str]) -> None:
    """What our wire replaces is not; everything else starts as by OpenTelemetry's own configurator, once."""
    done = run(STARTED.replace("{names}", str(HEAVY)), **given)
    first, second = done.stdout.splitlines()[:2]  # a metrics exporter writes the losses afterwards
    assert first.startswith(started[: len(first)]), done.stderr
    assert second == str([name for name in HEAVY if name in imported])
    assert done.stderr == ""


SELDOM = (
    "cruddur_tracing.xray_sdk.entities",
    "cruddur_tracing.xray_sdk.libraries",
    "cruddur_tracing.xray_sdk.recorder.recorder",
    "opentelemetry.sdk.trace.export",
    "urllib.request",
    "xray_model.fields.differences",
    "xray_model.trace_id",
)


@pytest.mark.process
def test_what_few_apps_use_is_imported_when_it_is_used() -> None:
    """X-Ray's API costs nothing until the app imports `aws_xray_sdk`, which is taken over then."""
    program = f"""
import gc, sys, flask
print(gc.isenabled(), [name for name in {SELDOM} if name in sys.modules])
from aws_xray_sdk.core import xray_recorder
import aws_xray_sdk.ext.requests
guard = sys.modules["aws_xray_sdk.ext.requests.patch"].xray_recorder
print(type(xray_recorder).__module__, type(guard).__module__)
"""
    done = run(program)
    assert done.stdout.splitlines() == [
        "True []",
        "cruddur_tracing.xray_sdk.takeover.sdk cruddur_tracing.xray_sdk.takeover.guards",
    ], done.stderr


@pytest.mark.process
def test_the_command_itself_reads_no_settings() -> None:
    """It only selects the distro, and replaces itself with the program, which imports everything again."""
    program = """
import os, sys
import cruddur_tracing.process.startup.launcher
print(os.environ["OTEL_PYTHON_DISTRO"], "cruddur_tracing.process.settings" in sys.modules)
"""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", program], env=kept, capture_output=True, text=True, check=True)
    assert done.stdout == "cruddur False\n"


@pytest.mark.process
def test_a_library_is_instrumented_when_it_is_imported() -> None:
    """`requests` costs nothing until the app imports it."""
    program = "print('requests' in sys.modules); import requests; print(hasattr(requests.Session.send, '__wrapped__'))"
    done = run(f"import sys; {program}")
    assert done.stdout.split() == ["False", "True"], done.stderr


BOOTCAMP = """
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.flask import FlaskInstrumentor
import flask, requests
app = flask.Flask("shop")
app.add_url_rule("/", view_func=lambda: "")
FlaskInstrumentor().instrument_app(app)
print(app.test_client().get("/").status_code, hasattr(requests.Session.send, "__wrapped__"))
"""


@pytest.mark.process
def test_an_app_may_import_and_start_instrumentations_itself() -> None:
    """The library is imported by its instrumentation; Flask's is taken out in the first request. Nothing complains."""
    done = run(BOOTCAMP, OTEL_TRACES_EXPORTER="none", OTEL_TRACES_SAMPLER="always_off")
    assert (done.stdout.split(), done.stderr) == (["200", "True"], "")
