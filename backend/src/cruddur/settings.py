"""The service's settings: one table of environment variables, read once at the start.

`os.environ` is an argument, and no value changes after the start. The tracing library and the SDKs read their own
variables (AWS_XRAY_*, OTEL_*).
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from cruddur_tracing import SettingsError as TracingSettingsError
from cruddur_tracing import TracingSettings

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
TRUE = ("true", "1", "yes", "on")
FALSE = ("false", "0", "no", "off")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (gunicorn makes its own private file in it)


class SettingsError(ValueError):
    """A variable has an invalid value; the message names both and what was expected."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        super().__init__(f"{variable}: {value!r}: expected {expected}")
        self.variable = variable
        self.value = value
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of variable: its description for messages, and its parser, which raises ValueError."""

    expected: str
    parse: Callable[[str], Any]


def _whole_number(least: int, most: int) -> Kind:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(text)
        return int(text)

    return Kind(f"a whole number from {least} to {most}", parse)


def _choice(choices: tuple[str, ...]) -> Kind:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(text)
        return text.lower()

    return Kind(f"one of {', '.join(choices)}", parse)


def _flag() -> Kind:
    choice = _choice(TRUE + FALSE)
    return Kind("true or false", lambda text: choice.parse(text) in TRUE)


def _host() -> Kind:
    def parse(text: str) -> str:
        if not text.isascii() or not text.isprintable() or set(text) & set(" /[]"):
            raise ValueError(text)
        if ":" in text:
            IPv6Address(text)
        return text

    return Kind("a host name or an address without a port", parse)


def _folder() -> Kind:
    def parse(text: str) -> str:
        if not (Path(text).is_dir() and os.access(text, os.W_OK)):
            raise ValueError(text)
        return text

    return Kind("an existing writable folder", parse)


def _setting(variable: str, default: object, kind: Kind, text: str) -> Any:
    return field(default=default, metadata={"variable": variable, "kind": kind, "help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The service's configuration. Durations are whole seconds, sizes are bytes."""

    host: str = _setting("CRUDDUR_HOST", "127.0.0.1", _host(), "Address to listen on; `0.0.0.0` in a container.")
    port: int = _setting("PORT", 4567, _whole_number(1, 65535), "TCP port to listen on.")
    workers: int = _setting("WEB_CONCURRENCY", 2, _whole_number(1, 256), "Worker processes.")
    request_timeout: int = _setting(
        "CRUDDUR_REQUEST_TIMEOUT", 30, _whole_number(1, 3600), "Seconds after which a hanging worker is killed."
    )
    graceful_timeout: int = _setting(
        "CRUDDUR_GRACEFUL_TIMEOUT", 30, _whole_number(1, 3600), "Seconds that a running request may take after SIGTERM."
    )
    drain_seconds: int = _setting(
        "CRUDDUR_DRAIN_SECONDS",
        0,
        _whole_number(0, 3600),
        "Seconds after SIGTERM in which requests are accepted while `/readyz` returns 503.",
    )
    worker_tmp_dir: str = _setting(
        "CRUDDUR_WORKER_TMP_DIR",
        "",
        _folder(),
        "Folder of the workers' heartbeat files; by default `/dev/shm` if writable, otherwise the system's.",
    )
    max_body_bytes: int = _setting(
        "CRUDDUR_MAX_BODY_BYTES", 65536, _whole_number(0, 2**30), "Largest request body; larger ones get 413."
    )
    log_level: str = _setting("CRUDDUR_LOG_LEVEL", "info", _choice(LOG_LEVELS), "Lowest level that is logged.")
    fail_route: bool = _setting(
        "CRUDDUR_FAIL_ROUTE", False, _flag(), "Serve `GET /api/activities/fail`, which fails on purpose."
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables; an absent or empty one has its default. Raise SettingsError for an invalid value."""
        texts = {setting: environ.get(setting.metadata["variable"], "").strip() for setting in fields(cls)}
        return cls(**{setting.name: _read(setting, text) for setting, text in texts.items() if text})


def _read(setting: Field[Any], text: str) -> Any:
    kind: Kind = setting.metadata["kind"]
    try:
        return kind.parse(text)
    except ValueError:
        raise SettingsError(setting.metadata["variable"], text, kind.expected) from None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the README's settings table."""

    variable: str
    default: str
    expected: str
    help: str


def table() -> tuple[Row, ...]:
    """Return the settings in the order of the documentation."""
    return tuple(
        Row(
            setting.metadata["variable"],
            _shown(setting.default),
            setting.metadata["kind"].expected,
            setting.metadata["help"],
        )
        for setting in fields(Settings)
    )


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings; on an invalid value, write one line to stderr and exit with status 2.

    This also validates the tracing variables, so that an invalid one stops the start here and not in each worker.
    """
    try:
        TracingSettings.from_env(environ)
        return Settings.from_env(environ)
    except (SettingsError, TracingSettingsError) as error:
        sys.stderr.write(f"cruddur: {error}\n")
        raise SystemExit(2) from None


def heartbeat_folder(settings: Settings) -> str | None:
    """Return the folder of the workers' heartbeat files; on a disk, a write can stall a worker until it is killed.

    None selects gunicorn's default. Source: gunicorn's FAQ, "How do I avoid Gunicorn excessively blocking in
    os.fchmod?".
    """
    if settings.worker_tmp_dir:
        return settings.worker_tmp_dir
    return str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None
