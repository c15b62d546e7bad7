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


@pytest.mark.process
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"OTEL_PYTHON_DISTRO": "cruddur", "OTEL_PYTHON_CONFIGURATOR": "configurator", **DEFAULTS}),
        ({"OTEL_PYTHON_DISTRO": "distro"}, {"OTEL_PYTHON_DISTRO": "distro", "OTEL_METRICS_EXPORTER": "otlp"}),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}),
    ],
    ids=["bare", "another distro named", "another protocol"],
)
def test_the_bare_command_gets_the_defaults(given: dict[str, str], expected: dict[str, str]) -> None:
    """`opentelemetry-instrument PROGRAM`, with opentelemetry's own distro installed beside ours."""
    names = [name for name in expected if name not in given]
    program = f"import os; print([os.environ.get(name) for name in {names}])"
    command = [str(INSTRUMENT), sys.executable, "-c", program]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AWS_"))}
    done = subprocess.run(command, env=kept | given, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == str([expected[name] for name in names]), done.stderr
