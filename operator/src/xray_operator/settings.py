"""The settings of `xray-operator run`: one table of name, variable, default and help; each is an option too.

`--interval` is also XRAY_OPERATOR_INTERVAL, and so on; AWS's own variables keep their names. Called by `cli`; the
documents' table is made from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xray_model import limits

PREFIX = "XRAY_OPERATOR_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one operator runs; no namespaces means all of them, and port 0 a free one."""

    namespaces: tuple[str, ...]
    home_namespace: str
    cluster_id: str
    region: str | None
    endpoint: str | None
    interval: float
    aws_timeout: float
    write_rate: float
    write_burst: int
    rule_quota: int
    listen: tuple[str, int]
    log_level: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its default, what it is for, and how its text is read."""

    name: str
    default: str
    help: str
    read: Callable[[str], Any]
    aws_variable: str = ""

    @property
    def option(self) -> str:
        """The command line's option."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment's variable."""
        return self.aws_variable or PREFIX + self.name.upper()


def _words(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if any(not word.replace("-", "").isalnum() or word != word.lower() for word in words):
        raise ValueError("names of namespaces, separated by commas")
    return words


def _word(text: str) -> str:
    words = _words(text)
    if len(words) > 1:
        raise ValueError("the name of one namespace")
    return words[0] if words else ""


def _cluster(text: str) -> str:
    if not text or "/" in text or len(text) > 64 or text != text.strip():
        raise ValueError("a name of 1 to 64 characters without /")
    return text


def _optional(text: str) -> str | None:
    return text or None


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return number

    return read


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000):
        raise ValueError("a whole number from 1 to 10000")
    return int(text)


def _listen(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError("HOST:PORT")
    return host.strip("[]"), int(port)


def _level(text: str) -> str:
    if text not in {"debug", "info", "warning", "error"}:
        raise ValueError("debug, info, warning or error")
    return text


SETTINGS = (
    Setting("namespaces", "", "the namespaces to serve, separated by commas; none: the whole cluster", _words),
    Setting("home_namespace", "", "the operator's own namespace: when that is deleted, it leaves for good", _word),
    Setting("cluster_id", "local", "the first part of the owner tag: one name for each cluster", _cluster),
    Setting("region", "", "the AWS region", _optional, "AWS_REGION"),
    Setting("endpoint", "", "the X-Ray API's URL; none: AWS itself", _optional, "AWS_ENDPOINT_URL_XRAY"),
    Setting("interval", "60", "seconds between two reads of AWS", _number(1, 86400)),
    Setting("aws_timeout", "15", "seconds that a call to AWS may take", _number(0.1, 300)),
    Setting("write_rate", "5", "writes to AWS a second, in the long run", _number(0.01, 1000)),
    Setting("write_burst", "50", "writes to AWS that may come at once", _count),
    Setting("rule_quota", str(limits.CUSTOM_RULES), "AWS's quota of custom rules in the region", _count),
    Setting("listen", "127.0.0.1:8080", "where /healthz, /readyz and /metrics are served", _listen),
    Setting("log_level", "info", "debug, info, warning or error", _level),
)


class SettingsError(ValueError):
    """A setting that cannot be read; the text names it, its value and what was expected."""


def read(given: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """Read the settings: an option beats its variable, a variable beats the default."""
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        option = given.get(setting.name)
        text = option if option is not None else environ.get(setting.variable, setting.default)
        source = setting.option if option is not None else setting.variable
        try:
            values[setting.name] = setting.read(text)
        except ValueError as error:
            raise SettingsError(f"{source} is {text!r}, expected {error}") from error
    return Settings(**values)
