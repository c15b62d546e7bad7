"""The one table of settings: each is an option of `xray-operator run` and an environment variable.

`--interval` is XRAY_OPERATOR_INTERVAL, and so on; AWS's own variables keep their names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xray_model import limits

PREFIX = "XRAY_OPERATOR_"
_CLUSTER_ID = re.compile(r"[\w.:=+@-]([\w .:=+@-]{0,62}[\w.:=+@-])?")  # AWS's characters of a tag

CLASS_PATTERN, CLASS_MAX = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", 63
_LEASE_PART = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")  # a name in Kubernetes


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one operator; no namespaces means all of them, and port 0 any unused one."""

    namespaces: tuple[str, ...]
    home_namespace: str
    cluster_id: str
    class_: str
    account: str
    region: str | None
    endpoint: str | None
    interval: float
    aws_timeout: float
    write_rate: float
    write_burst: int
    rule_quota: int
    listen: tuple[str, int]
    lease: tuple[str, str] | None
    lease_seconds: int
    identity: str
    log_level: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its default, help and parser, which raises ValueError with the expected form."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any]
    aws_variable: str = ""

    @property
    def option(self) -> str:
        """The option's name."""
        return "--" + self.name.strip("_").replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable's name."""
        return self.aws_variable or PREFIX + self.name.strip("_").upper()


class SettingsError(Exception):
    """An invalid setting; the text has its name, its value and the expected form."""


def _namespaces(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if any(not name.replace("-", "").isalnum() or name != name.lower() for name in names):
        raise ValueError("namespaces, separated by commas")
    return names


def _namespace(text: str) -> str:
    names = _namespaces(text)
    if len(names) > 1:
        raise ValueError("one namespace")
    return names[0] if names else ""


def _cluster_id(text: str) -> str:
    if not _CLUSTER_ID.fullmatch(text):
        raise ValueError("1 to 64 letters, digits, spaces and . _ : = + @ -")
    return text


def is_class(text: str) -> bool:
    """Return whether a text can be the class of resources."""
    return len(text) <= CLASS_MAX and re.fullmatch(CLASS_PATTERN, text) is not None


def _class(text: str) -> str:
    if text and not is_class(text):
        raise ValueError(f"at most {CLASS_MAX} lower-case letters, digits and -")
    return text


def _account(text: str) -> str:
    if text and not (len(text) == 12 and text.isascii() and text.isdigit()):
        raise ValueError("12 digits")
    return text


def _region(text: str) -> str | None:
    if text and re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", text) is None:
        raise ValueError("a region such as us-east-1")
    return text or None


def _url(text: str) -> str | None:
    if text and re.fullmatch(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/\S*)?", text) is None:
        raise ValueError("http://HOST:PORT, or https")
    return text or None


def _number(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return number

    return parse


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000):
        raise ValueError("a whole number from 1 to 10000")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError("HOST:PORT")
    return host.strip("[]"), int(port)


def _lease(text: str) -> tuple[str, str] | None:
    namespace, slash, name = text.partition("/")
    if text and not (slash and _LEASE_PART.fullmatch(namespace) and _LEASE_PART.fullmatch(name)):
        raise ValueError("NAMESPACE/NAME")
    return (namespace, name) if text else None


def _log_level(text: str) -> str:
    if text not in {"debug", "info", "warning", "error"}:
        raise ValueError("debug, info, warning or error")
    return text


SETTINGS = (
    Setting("namespaces", "", "the watched namespaces, separated by commas; empty: the whole cluster", _namespaces),
    Setting("home_namespace", "", "the operator's own namespace: its deletion ends the operator", _namespace),
    Setting("cluster_id", "local", "the first part of the owner tag, unique to the cluster", _cluster_id),
    Setting("class_", "", "the class of the resources that it manages (spec.class); empty: those without one", _class),
    Setting("account", "", "the AWS account; in any other, nothing is written; empty: any account", _account),
    Setting("region", "", "the AWS region", _region, "AWS_REGION"),
    Setting("endpoint", "", "the URL of the X-Ray API; empty: AWS", _url, "AWS_ENDPOINT_URL_XRAY"),
    Setting("interval", "60", "seconds between two reads of AWS", _number(1, 86400)),
    Setting("aws_timeout", "15", "the timeout of a call to AWS, in seconds", _number(0.1, 300)),
    Setting("write_rate", "5", "the sustained rate of writes to AWS, per second", _number(0.01, 1000)),
    Setting("write_burst", "50", "the number of writes to AWS that may come at once", _count),
    Setting("rule_quota", str(limits.CUSTOM_RULES), "AWS's quota of custom rules in the region", _count),
    Setting("listen", "127.0.0.1:8080", "the address of /healthz, /readyz and /metrics", _address),
    Setting(
        "lease", "", "the Lease that elects one of several processes, as NAMESPACE/NAME; empty: no election", _lease
    ),
    Setting("lease_seconds", "15", "seconds without a renewal after which another process leads", _count),
    Setting("identity", "", "the process's unique name in the Lease; empty: the host's name and a random part", str),
    Setting("log_level", "info", "debug, info, warning or error", _log_level),
)
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}


def read_all(options: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """Read the settings: an option overrides its variable, a variable overrides the default."""
    return Settings(**{setting.name: read(setting, options.get(setting.name), environ) for setting in SETTINGS})


def read(setting: Setting, option: str | None, environ: Mapping[str, str]) -> Any:
    """Read one setting from its option or its variable."""
    if option is not None:
        return parse(setting, option, setting.option)
    return parse(setting, environ.get(setting.variable, setting.default), setting.variable)


def parse(setting: Setting, text: str, source: str) -> Any:
    """Parse a setting's text; SettingsError names the source."""
    try:
        return setting.parse(text)
    except ValueError as error:
        raise SettingsError(f"{source}: {text!r}: expected {error}") from error


def help_text(setting: Setting, environ: Mapping[str, str]) -> str:
    """Return the help of a setting's option."""
    default = environ.get(setting.variable) or setting.default or "none"
    return f"{setting.help} ({setting.variable}; default: {default})".replace("%", "%%")
