"""The settings of the tracing library: one table, frozen, read from an environment that is an argument.

Nothing here reads `os.environ`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from cruddur_tracing.resilience.network.address import NOTATIONS, Agent


class SettingsError(ValueError):
    """A variable whose value cannot be used; the message names variable, value and what was expected."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        super().__init__(f"{variable}: {value!r}: expected {expected}")
        self.variable = variable
        self.value = value
        self.expected = expected


def _text(_variable: str, value: str) -> str:
    return value


def _switch(variable: str, value: str) -> bool:
    lowered = value.lower()
    if lowered in {"1", "true", "t", "yes", "y", "on"}:
        return True
    if lowered in {"0", "false", "f", "no", "n", "off"}:
        return False
    raise SettingsError(variable, value, "true or false")


def _paths(variable: str, value: str) -> tuple[str, ...]:
    paths = tuple(part.strip() for part in value.split(",") if part.strip())
    if not all(path.startswith("/") for path in paths):
        raise SettingsError(variable, value, "paths that begin with /, separated by commas")
    return paths


def _agent(variable: str, value: str) -> Agent:
    try:
        return Agent.parse(value)
    except ValueError as error:
        raise SettingsError(variable, value, NOTATIONS) from error


def _count(variable: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal()):
        raise SettingsError(variable, value, "a whole number, 0 or more")
    return int(value)


def _seconds(variable: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SettingsError(variable, value, "a number of seconds above 0")
    return seconds


def _setting(variable: str, default: object, parse: Callable[[str, str], object], text: str) -> Any:
    return field(default=default, metadata={"variable": variable, "parse": parse, "help": text})


@dataclass(frozen=True, kw_only=True)
class TracingSettings:
    """The library's settings. An empty variable counts as unset; None: the default depends on other settings."""

    enabled: bool = _setting("CRUDDUR_TRACING_ENABLED", True, _switch, "false: nothing is traced by this library")
    segments: bool | None = _setting(
        "CRUDDUR_TRACING_SEGMENTS",
        None,
        _switch,
        "send X-Ray documents to the agent (default: AWS_XRAY_SDK_ENABLED)",
    )
    otlp: bool = _setting(
        "CRUDDUR_TRACING_OTLP", True, _switch, "send spans by OTLP/HTTP where OpenTelemetry is configured to"
    )
    xray_enabled: bool = _setting(
        "AWS_XRAY_SDK_ENABLED", True, _switch, "false: no X-Ray documents; the SDK's calls write spans all the same"
    )
    tracing_name: str = _setting(
        "AWS_XRAY_TRACING_NAME", "", _text, "name of the segments (default: OTEL_SERVICE_NAME, then the app's name)"
    )
    service_name: str = _setting("OTEL_SERVICE_NAME", "", _text, "the service's name")
    url_pattern: str = _setting(
        "AWS_XRAY_URL", "", _text, "pattern with * and ?: a host that matches it names the segment"
    )
    agent: Agent | None = _setting(  # noqa: RUF009 - it is dataclasses.field
        "AWS_XRAY_DAEMON_ADDRESS",
        None,
        _agent,
        "the agent: X-Ray documents by UDP, sampling rules by TCP (default: 127.0.0.1:2000)",
    )
    excluded_paths: tuple[str, ...] = _setting(
        "CRUDDUR_TRACING_EXCLUDED_PATHS",
        ("/healthz", "/readyz"),
        _paths,
        "paths never traced, comma-separated",
    )
    anomalies_per_second: int = _setting(
        "CRUDDUR_TRACING_ANOMALIES_PER_SECOND",
        0,
        _count,
        "capture so many failed or slow requests a second that the rules did not sample (0: none)",
    )
    slow_seconds: float | None = _setting(
        "CRUDDUR_TRACING_SLOW_SECONDS", None, _seconds, "a request that takes longer is an anomaly"
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, service_name: str = "") -> "TracingSettings":
        """Read every setting from `environ`; `service_name` is the app's own default for OTEL_SERVICE_NAME.

        Raises SettingsError for a value that cannot be used.
        """
        given: dict[str, Any] = {"service_name": service_name}
        for item in fields(cls):
            value = environ.get(item.metadata["variable"], "").strip()
            if value:
                given[item.name] = item.metadata["parse"](item.metadata["variable"], value)
        return cls(**given)

    @property
    def sends_segments(self) -> bool:
        """Whether X-Ray documents go to the agent."""
        return self.xray_enabled if self.segments is None else self.segments

    def segment_name(self, app_name: str) -> str:
        """Return what segments are called when no host name names them."""
        return self.tracing_name or self.service_name or app_name
