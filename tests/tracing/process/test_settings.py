"""The settings: names, defaults, and the message for a value that cannot be used."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cruddur_tracing import SettingsError, TracingSettings
from cruddur_tracing.resilience.network.address import Address, Agent

README = Path(__file__).resolve().parents[3] / "libs" / "tracing" / "README.md"


def test_an_empty_environment_gives_the_defaults() -> None:
    """Nothing has to be set, and an empty variable counts as not set."""
    assert TracingSettings.from_env({}) == TracingSettings()
    assert TracingSettings.from_env({"AWS_XRAY_DAEMON_ADDRESS": "", "AWS_XRAY_SDK_ENABLED": " "}) == TracingSettings()


def test_every_variable_is_read() -> None:
    """Each field has its own variable."""
    environ = {
        "AWS_XRAY_SDK_ENABLED": "false",
        "AWS_XRAY_TRACING_NAME": "backend-flask",
        "OTEL_SERVICE_NAME": "backend",
        "AWS_XRAY_URL": "*.example.com",
        "AWS_XRAY_DAEMON_ADDRESS": "tcp:10.0.0.1:2001 udp:agent:2000",
        "CRUDDUR_TRACING_EXCLUDED_PATHS": "/health, /metrics",
        "CRUDDUR_TRACING_ENABLED": "no",
        "CRUDDUR_TRACING_SEGMENTS": "on",
        "CRUDDUR_TRACING_OTLP": "off",
        "CRUDDUR_TRACING_ANOMALIES_PER_SECOND": "5",
        "CRUDDUR_TRACING_SLOW_SECONDS": "1.5",
    }
    assert TracingSettings.from_env(environ) == TracingSettings(
        xray_enabled=False,
        tracing_name="backend-flask",
        service_name="backend",
        url_pattern="*.example.com",
        agent=Agent(Address("agent", 2000), Address("10.0.0.1", 2001)),
        excluded_paths=("/health", "/metrics"),
        enabled=False,
        segments=True,
        otlp=False,
        anomalies_per_second=5,
        slow_seconds=1.5,
    )


@pytest.mark.parametrize(("value", "enabled"), [("1", True), ("Yes", True), ("off", False), ("0", False)])
def test_a_switch_takes_what_the_sdk_takes(value: str, enabled: bool) -> None:
    """AWS_XRAY_SDK_ENABLED is read by the SDK itself too; both must understand it alike."""
    assert TracingSettings.from_env({"AWS_XRAY_SDK_ENABLED": value}).xray_enabled is enabled


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AWS_XRAY_SDK_ENABLED", "maybe", "AWS_XRAY_SDK_ENABLED: 'maybe': expected true or false"),
        (
            "AWS_XRAY_DAEMON_ADDRESS",
            "agent",
            "AWS_XRAY_DAEMON_ADDRESS: 'agent': expected HOST:PORT or 'tcp:HOST:PORT udp:HOST:PORT'",
        ),
        (
            "CRUDDUR_TRACING_EXCLUDED_PATHS",
            "healthz",
            "CRUDDUR_TRACING_EXCLUDED_PATHS: 'healthz': expected paths that begin with /, separated by commas",
        ),
        (
            "CRUDDUR_TRACING_ANOMALIES_PER_SECOND",
            "-1",
            "CRUDDUR_TRACING_ANOMALIES_PER_SECOND: '-1': expected a whole number, 0 or more",
        ),
        (
            "CRUDDUR_TRACING_SLOW_SECONDS",
            "nan",
            "CRUDDUR_TRACING_SLOW_SECONDS: 'nan': expected a number of seconds above 0",
        ),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected(variable: str, value: str, message: str) -> None:
    """The message tells what to change."""
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$") as raised:
        TracingSettings.from_env({variable: value})
    assert (raised.value.variable, raised.value.value) == (variable, value)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "app"),
        ({"OTEL_SERVICE_NAME": "service"}, "service"),
        ({"OTEL_SERVICE_NAME": "service", "AWS_XRAY_TRACING_NAME": "tracing"}, "tracing"),
    ],
)
def test_the_segments_name(environ: dict[str, str], name: str) -> None:
    """AWS_XRAY_TRACING_NAME goes before OTEL_SERVICE_NAME, and that before the app's name."""
    assert TracingSettings.from_env(environ).segment_name("app") == name


def test_an_app_may_have_a_default_for_the_service() -> None:
    """It gives way to the environment."""
    assert TracingSettings.from_env({}, service_name="shop").segment_name("app") == "shop"
    assert TracingSettings.from_env({"OTEL_SERVICE_NAME": "x"}, service_name="shop").segment_name("app") == "x"


def test_every_setting_is_in_the_readme() -> None:
    """The README's table has each variable with its help text."""
    text = README.read_text()
    for field in fields(TracingSettings):
        assert f"| `{field.metadata['variable']}` |" in text
        assert field.metadata["help"] in text
