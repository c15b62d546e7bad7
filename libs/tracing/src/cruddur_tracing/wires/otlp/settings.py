"""Where and how spans are sent, read from OpenTelemetry's environment variables. Pure.

Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ and the official exporter for Python, which takes
the timeout in seconds.
"""

import logging
import math
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from opentelemetry.util.re import parse_env_headers

from cruddur_tracing.wires.otlp.proxies import proxy_for

log = logging.getLogger("cruddur_tracing")

TIMEOUT_SECONDS: Final = 10.0
COMPRESSIONS: Final = ("none", "gzip", "deflate")

_BASE: Final = "OTEL_EXPORTER_OTLP_"
_TRACES: Final = "OTEL_EXPORTER_OTLP_TRACES_"
_CREDENTIALS: Final = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_{}CREDENTIAL_PROVIDER"
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class OtlpSettings(NamedTuple):
    """One endpoint; `proxy` is the URL of an HTTP proxy, `timeout` the seconds of one request.

    The files are paths; without a `certificate` the usual authorities are trusted.
    """

    endpoint: str = "http://localhost:4318/v1/traces"
    headers: Mapping[str, str] = _NO_HEADERS
    timeout: float = TIMEOUT_SECONDS
    compression: str = "none"
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    proxy: str | None = None

    def checked(self) -> "OtlpSettings":
        """Return the settings. Raises ValueError for what cannot be used."""
        _check_url("endpoint", self.endpoint, ("http", "https"))
        if self.proxy is not None:
            _check_url("proxy", self.proxy, ("http",))
        for name, value in self.headers.items():
            if not (name.isascii() and name.isprintable() and value.isprintable()) or set(name) & set(" :"):
                raise ValueError(f"headers: {name!r}: expected a name and a value in one line")
        if self.compression not in COMPRESSIONS:
            raise ValueError(f"compression: {self.compression!r}: expected one of {', '.join(COMPRESSIONS)}")
        if not (math.isfinite(self.timeout) and self.timeout > 0):
            raise ValueError(f"timeout: {self.timeout!r}: expected a positive number of seconds")
        return self


def _check_url(name: str, url: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # of the port or of brackets
        usable = False
    if not (usable and url.isascii() and url.isprintable() and " " not in url):
        shown = re.sub("//[^/]*@", "//", url)  # without a password
        expected = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"{name}: {shown!r}: expected a URL that begins with {expected}")


def wants_http(environ: Mapping[str, str]) -> bool:
    """Return whether the environment selects OTLP over HTTP with protobuf, and no other exporter, for spans.

    A credential provider is a session of the `requests` library, which only the official exporter can use.
    """
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    protocol = environ.get(f"{_TRACES}PROTOCOL") or environ.get(f"{_BASE}PROTOCOL") or ""
    if any(environ.get(_CREDENTIALS.format(signal)) for signal in ("", "TRACES_")):
        return False
    return exporter == "otlp_proto_http" or (exporter == "otlp" and protocol.strip() == "http/protobuf")


def has_netrc(url: str, environ: Mapping[str, str]) -> bool:
    """Return whether a netrc file has credentials for the URL's host, which the official exporter sends."""
    named = environ.get("NETRC")
    files = [Path(named)] if named else [Path("~/.netrc").expanduser(), Path("~/_netrc").expanduser()]
    file = next((file for file in files if file.exists()), None)
    if file is None:
        return False
    from netrc import NetrcParseError, netrc

    try:
        return any(netrc(file).authenticators(urlsplit(url).hostname or "") or ())
    except (NetrcParseError, OSError):  # `requests` takes none from it either
        return False


def from_environment(environ: Mapping[str, str]) -> OtlpSettings:
    """Return what the official exporter would use. Raises ValueError for what cannot be used."""

    def value(name: str) -> str | None:
        return environ.get(_TRACES + name) or environ.get(_BASE + name) or None

    endpoint = environ.get(f"{_TRACES}ENDPOINT")
    if not endpoint:
        base = environ.get(f"{_BASE}ENDPOINT") or "http://localhost:4318"
        endpoint = f"{base.removesuffix('/')}/v1/traces"
    return OtlpSettings(
        endpoint=endpoint,
        headers=parse_env_headers(value("HEADERS") or "", liberal=True),
        timeout=_timeout(value("TIMEOUT")),
        compression=_compression(value("COMPRESSION")),
        certificate=certificate_from(environ, value("CERTIFICATE")),
        client_certificate=value("CLIENT_CERTIFICATE"),
        client_key=value("CLIENT_KEY"),
        proxy=proxy_for(endpoint, environ),
    ).checked()


def certificate_from(environ: Mapping[str, str], certificate: str | None) -> str | None:
    """Return the file of trusted authorities, where `requests` finds it if it is not set."""
    return certificate or environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or None


def _timeout(text: str | None) -> float:
    try:
        seconds = float(text or TIMEOUT_SECONDS)
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds) and seconds > 0:
        return seconds
    log.warning("%sTIMEOUT: %r: expected a number of seconds; %s is used", _BASE, text, TIMEOUT_SECONDS)
    return TIMEOUT_SECONDS


def _compression(text: str | None) -> str:
    compression = (text or "none").strip().lower()
    if compression in COMPRESSIONS:
        return compression
    log.warning("%sCOMPRESSION: %r: expected one of %s; none is used", _BASE, text, ", ".join(COMPRESSIONS))
    return "none"
