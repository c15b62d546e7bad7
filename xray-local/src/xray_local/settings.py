"""The settings of `xray-local serve`: one table; each setting is an option and an environment variable.

`--api-port` is also XRAY_LOCAL_API_PORT, and so on.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

PREFIX = "XRAY_LOCAL_"
GrpcPort = int | Literal["auto", "off"]
MEMORY = ":memory:"
ANY_HOST = frozenset({"0.0.0.0", "::"})  # noqa: S104 (compared with, not bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one process serves; ports may be 0 for a free one."""

    host: str
    api_port: int
    agent_port: int
    otlp_port: int
    otlp_grpc_port: GrpcPort
    db: str
    max_traces: int
    region: str
    allow_host: tuple[str, ...]
    allow_origin: tuple[str, ...] = ()
    lambda_: str = ""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What one process listens on: an address without brackets, and the ports; `grpc` is None if it is off."""

    host: str
    api: int
    agent: int
    otlp: int
    grpc: int | None

    def at(self, port: int) -> str:
        """Return `HOST:PORT`."""
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    @property
    def is_any(self) -> bool:
        """Whether it listens on all addresses of the machine."""
        return self.host in ANY_HOST


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: its default, its help, and the function that parses its text."""

    name: str
    default: str
    help: str
    read: Callable[[str], Any]

    @property
    def option(self) -> str:
        """The command line's option."""
        return "--" + self.name.rstrip("_").replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment's variable."""
        return PREFIX + self.name.rstrip("_").upper()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError("a port from 0 to 65535")
    return int(text)


def _grpc_port(text: str) -> GrpcPort:
    if text in {"auto", "off"}:
        return "auto" if text == "auto" else "off"
    try:
        return _port(text)
    except ValueError as error:
        raise ValueError(f"auto, off or {error}") from error


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise ValueError("a whole number of at least 1")
    return int(text)


def _word(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise ValueError("text without spaces")
    return text


def _path(text: str) -> str:
    if not text:
        raise ValueError("the path of a file")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.rstrip("/") for origin in _names(text))
    if not all(origin == "*" or re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", origin.lower()) for origin in origins):
        raise ValueError("origins such as http://localhost:3000, or *")
    return origins


def _function(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", text):
        raise ValueError("a function's name of at most 64 letters, digits, - and _")
    return text


FIELDS = (
    Field("host", "127.0.0.1", "the address to listen on", _word),
    Field("api_port", "8900", "the port of the X-Ray API and the page", _port),
    Field("agent_port", "2000", "the agent's port, UDP for segments and TCP for sampling", _port),
    Field("otlp_port", "4318", "the port of OTLP/HTTP", _port),
    Field("otlp_grpc_port", "auto", "the port of OTLP/gRPC; auto: 4317 beside 4318, else a free one; off", _grpc_port),
    Field("db", MEMORY, "the SQLite file that stores everything, or :memory:", _path),
    Field("max_traces", "100000", "how many traces to store; the oldest are evicted", _count),
    Field("region", "us-east-1", "the AWS region in ARNs", _word),
    Field("allow_host", "", "comma-separated host names to serve besides localhost and IP addresses", _names),
    Field("allow_origin", "", "comma-separated origins of pages that may send requests, or *", _origins),
    Field("lambda_", "", "the name of a Lambda function whose subsegments come without its segments", _function),
)


class SettingsError(ValueError):
    """A setting that is not valid; the message has its name, its value and what is expected."""


def read(options: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """Return the settings: an option overrides its variable, a variable overrides the default."""
    values: dict[str, Any] = {}
    for field in FIELDS:
        option = options.get(field.name)
        text = option if option is not None else environ.get(field.variable, field.default)
        source = field.option if option is not None else field.variable
        try:
            values[field.name] = field.read(text)
        except ValueError as error:
            raise SettingsError(f"{source}: {text!r}: expected {error}") from error
    return Settings(**values)
