"""How to send traces to the addresses of a process: the tabs of the start page. Pure."""

from dataclasses import dataclass, replace

from xray_local.settings import Addresses


@dataclass(frozen=True, slots=True)
class Way:
    """One way to send: `key` names it in addresses; `lines` are for a shell; `notes` say what else may be needed."""

    key: str
    name: str
    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listener:
    """What listens at an address."""

    name: str
    address: str


def reachable(addresses: Addresses, host: str) -> Addresses:
    """Return the addresses as the reader of the page reaches them: one that means all becomes the page's host."""
    return replace(addresses, host=host) if addresses.is_any and host else addresses


def listeners(addresses: Addresses) -> tuple[Listener, ...]:
    """Return what listens where."""
    at = addresses.at
    found = [
        Listener("X-Ray SDKs, UDP and TCP", at(addresses.agent)),
        Listener("OTLP over HTTP", f"http://{at(addresses.otlp)}"),
        Listener("X-Ray API and this page", f"http://{at(addresses.api)}"),
    ]
    if addresses.grpc is not None:
        found.insert(2, Listener("OTLP over gRPC", f"http://{at(addresses.grpc)}"))
    return tuple(found)


def ways(addresses: Addresses) -> tuple[Way, ...]:
    """Return the ways to send."""
    agent = f"AWS_XRAY_DAEMON_ADDRESS={addresses.at(addresses.agent)}"
    otlp = f"OTEL_EXPORTER_OTLP_ENDPOINT=http://{addresses.at(addresses.otlp)}"
    api = f"http://{addresses.at(addresses.api)}"
    return (
        Way(
            "flask",
            "Flask and gunicorn",
            (f"export {agent} {otlp}", "opentelemetry-instrument gunicorn app:app"),
            (
                "cruddur-tracing takes over both recorders: what the X-Ray SDK and OpenTelemetry write is one trace.",
                "No line of the app changes.",
            ),
        ),
        Way(
            "opentelemetry",
            "OpenTelemetry",
            (f"export {otlp}", "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"),
            _grpc(addresses),
        ),
        Way(
            "xray",
            "X-Ray SDK",
            (f"export {agent}",),
            ("The SDK sends segments by UDP and reads the sampling rules by TCP, both at this address.",),
        ),
        Way(
            "example",
            "No app yet",
            (f"xray-local example --endpoint {api}",),
            ("It sends one trace over four services, of which the last one fails.",),
        ),
    )


def _grpc(addresses: Addresses) -> tuple[str, ...]:
    if addresses.grpc is None:
        return ("gRPC is off: `pip install xray-local[grpc]` adds it.",)
    return (f"With OTEL_EXPORTER_OTLP_PROTOCOL=grpc the endpoint is http://{addresses.at(addresses.grpc)}.",)
