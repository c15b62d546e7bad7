"""The variants: a recorder each, what its sink has to receive, and the limits for ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata

from bench.app.served import INSTRUMENT, PATH, STOCK_OTEL, Recording


@dataclass(frozen=True, slots=True)
class Promise:
    """The most that a variant may cost: ratios to no tracing, and seconds and MiB more than no tracing."""

    cpu: float
    p50: float | None = None
    p99: float | None = None
    boot: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One row. `expected` names what arrives once for each request; `needs` the distribution that must be installed.

    `interval` is the recorder's own export interval in seconds: what it holds back at most.
    """

    key: str
    name: str
    recording: Recording
    expected: Mapping[str, str] = field(default_factory=dict)
    rate: float = 1.0
    interval: float = 0.0
    needs: str = ""
    promise: Promise | None = None

    def installed(self) -> bool:
        """Return whether the distribution is installed."""
        try:
            return not self.needs or bool(metadata.version(self.needs))
        except metadata.PackageNotFoundError:
            return False


SPAN = {"OTLP": "otlp.roots"}
SEGMENT = {"segments": "segments.roots"}
EVENT = {"events": "peer.events"}
OTEL = Recording("opentelemetry", INSTRUMENT, STOCK_OTEL)
ALWAYS_OFF = STOCK_OTEL | {"OTEL_TRACES_SAMPLER": "always_off"}
OFF = Promise(cpu=1.06)
COMMAND = {  # nothing that opentelemetry-instrument could load
    "OTEL_PYTHON_DISTRO": "none",
    "OTEL_PYTHON_CONFIGURATOR": "none",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
    "CRUDDUR_TRACING_ENABLED": "false",
}
ELASTIC = {"ELASTIC_APM_SERVICE_NAME": "backend-flask", "ELASTIC_APM_ENVIRONMENT": "production"}
DATADOG = {"DD_SERVICE": "backend-flask", "DD_ENV": "production", "DD_VERSION": "1"}


def _ours(**environment: str) -> Recording:
    return Recording("ours", INSTRUMENT, environment)


VARIANTS = (
    Variant("none", "no tracing", Recording("none")),
    Variant("command", "the command alone", Recording("none", INSTRUMENT, COMMAND)),
    Variant("otel", "OpenTelemetry, stock", OTEL, SPAN, interval=5),
    Variant("xray", "X-Ray SDK, stock", Recording("xray"), SEGMENT),
    Variant("both", "both, stock", Recording("both", INSTRUMENT, STOCK_OTEL), SPAN | SEGMENT, interval=5),
    Variant("elastic-apm", "elastic-apm", Recording("elastic", (), ELASTIC), EVENT, interval=10, needs="elastic-apm"),
    Variant("sentry-sdk", "sentry-sdk", Recording("sentry"), EVENT, interval=1, needs="sentry-sdk"),
    Variant("ddtrace", "ddtrace", Recording("datadog", ("ddtrace-run",), DATADOG), EVENT, interval=1, needs="ddtrace"),
    Variant("fastotel", "fastotel", Recording("fastotel"), SPAN, interval=5, needs="fastotel"),
    Variant("otel-unsampled", "OpenTelemetry, stock, not sampled", Recording("opentelemetry", INSTRUMENT, ALWAYS_OFF)),
    Variant("both-unsampled", "both, stock, not sampled", Recording("both", INSTRUMENT, ALWAYS_OFF), rate=0.0),
    Variant(
        "ours",
        "cruddur_tracing, both wires",
        _ours(),
        SPAN | SEGMENT,
        interval=5,
        promise=Promise(cpu=1.30, p50=1.25, p99=1.60, boot=0.25, memory=20),
    ),
    Variant("ours-install", "cruddur_tracing, without the command", Recording("ours"), SEGMENT, interval=1),
    Variant("ours-segments", "cruddur_tracing, segments only", _ours(OTEL_TRACES_EXPORTER="none"), SEGMENT, interval=1),
    Variant("ours-otlp", "cruddur_tracing, OTLP only", _ours(AWS_XRAY_SDK_ENABLED="false"), SPAN, interval=5),
    Variant("ours-unsampled", "cruddur_tracing, not sampled", _ours(), rate=0.0, interval=1, promise=OFF),
    Variant(
        "ours-excluded",
        "cruddur_tracing, excluded path",
        _ours(CRUDDUR_TRACING_EXCLUDED_PATHS=PATH),
        interval=1,
        promise=OFF,
    ),
    Variant(
        "ours-off",
        "cruddur_tracing, switched off",
        _ours(OTEL_SDK_DISABLED="true", AWS_XRAY_SDK_ENABLED="false"),
        promise=OFF,
    ),
)
