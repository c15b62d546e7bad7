"""The private attributes of the official exporter, one test for each, and who is left alone."""

import threading
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from cruddur_tracing.wires.otlp.official import from_exporter
from cruddur_tracing.wires.otlp.settings import OtlpSettings


def settings(**options: Any) -> OtlpSettings:
    """Return what is read of an exporter that was made with these options."""
    with mock.patch.dict("os.environ", clear=True):
        read = from_exporter(OTLPSpanExporter(**options), {})
    assert read is not None
    return read


def test_the_endpoint_is_read() -> None:
    """It is complete."""
    assert settings(endpoint="http://collector:1/path").endpoint == "http://collector:1/path"


def test_the_headers_are_read() -> None:
    """With those of the exporter itself."""
    headers = settings(headers={"X-Team": "a"}).headers
    assert headers["x-team"] == "a"
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["user-agent"].startswith("OTel-OTLP-Exporter-Python/")
    assert set(headers) == {"x-team", "content-type", "user-agent"}


def test_the_timeout_is_read() -> None:
    """In seconds."""
    assert settings(timeout=3).timeout == 3.0


@pytest.mark.parametrize("compression", Compression)
def test_the_compression_is_read(compression: Compression) -> None:
    """By its name."""
    assert settings(compression=compression).compression == compression.value


def test_the_certificate_is_read() -> None:
    """Or else the variables of `requests` are."""
    exporter = OTLPSpanExporter()
    assert settings(certificate_file="/ca.pem").certificate == "/ca.pem"
    read = from_exporter(exporter, {"CURL_CA_BUNDLE": "/bundle.pem"})
    assert read is not None
    assert read.certificate == "/bundle.pem"


def test_the_clients_certificate_is_read() -> None:
    """With its key, or with the key in the same file."""
    both = settings(client_certificate_file="/cert.pem", client_key_file="/key.pem")
    assert (both.client_certificate, both.client_key) == ("/cert.pem", "/key.pem")
    one = settings(client_certificate_file="/cert.pem")
    assert (one.client_certificate, one.client_key) == ("/cert.pem", None)


def test_the_proxy_is_that_of_the_environment() -> None:
    """One that this package cannot use leaves the exporter alone."""
    exporter = OTLPSpanExporter(endpoint="http://collector:4318/v1/traces")
    read = from_exporter(exporter, {"HTTP_PROXY": "http://proxy:3128"})
    assert read is not None
    assert read.proxy == "http://proxy:3128"
    assert from_exporter(exporter, {"HTTP_PROXY": "socks5://proxy:1080"}) is None


def test_the_headers_of_a_plain_session_are_read() -> None:
    """A session may have some of its own."""
    session = requests.Session()
    session.headers["X-Tenant"] = "a"
    assert settings(session=session).headers["x-tenant"] == "a"


class Signing(OTLPSpanExporter):
    """As the exporters of AWS."""


def own_session(**attributes: Any) -> OTLPSpanExporter:
    """Return an exporter with a session of the user's own making."""
    session = requests.Session()
    for name, value in attributes.items():
        setattr(session, name, value)
    return OTLPSpanExporter(session=session)


def with_adapter() -> OTLPSpanExporter:
    exporter = own_session()
    session = vars(exporter).get("_session") or exporter._client._transport._session  # type: ignore[attr-defined]
    session.mount("https://", type("Own", (requests.adapters.HTTPAdapter,), {})())
    return exporter


def with_export() -> OTLPSpanExporter:
    exporter = OTLPSpanExporter()
    exporter.export = lambda spans: None  # type: ignore[assignment,method-assign,return-value]
    return exporter


def with_cookie() -> OTLPSpanExporter:
    jar = requests.cookies.RequestsCookieJar()
    cookie = Cookie(0, "a", "b", None, False, "c", False, False, "/", False, False, None, False, None, None, {})
    jar.set_cookie(cookie)
    return own_session(cookies=jar)


def shut_down() -> OTLPSpanExporter:
    exporter = OTLPSpanExporter()
    exporter.shutdown()  # type: ignore[no-untyped-call]
    return exporter


@pytest.mark.parametrize(
    "make",
    [
        Signing,
        lambda: OTLPSpanExporter(session=type("Own", (requests.Session,), {})()),
        lambda: own_session(auth=("user", "word")),
        lambda: own_session(hooks={"response": [print]}),
        lambda: own_session(proxies={"http": "http://proxy:1"}),
        lambda: own_session(params={"key": "a"}),
        lambda: own_session(trust_env=False),
        with_adapter,
        with_cookie,
        with_export,
        shut_down,
        lambda: OTLPSpanExporter(endpoint="collector:4318"),
        object,
        threading.Lock,
    ],
)
def test_these_are_left_alone(make: Any) -> None:
    """They do more, or cannot be read."""
    assert from_exporter(make(), {}) is None


@pytest.mark.parametrize("attribute", ["_endpoint", "_headers", "_timeout", "_compression", "_shutdown"])
def test_an_unknown_version_is_left_alone(attribute: str) -> None:
    """Whichever attribute it lacks."""
    exporter = OTLPSpanExporter()
    for part in (exporter, vars(exporter).get("_client")):
        if part is not None:
            vars(part).pop(attribute, None)
    assert from_exporter(exporter, {}) is None


def test_a_password_file_leaves_the_exporter_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`requests` would send what is in it."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine collector login user password word")
    monkeypatch.setenv("NETRC", str(netrc))
    assert from_exporter(OTLPSpanExporter(endpoint="http://collector:4318/v1/traces"), {}) is None
    assert from_exporter(OTLPSpanExporter(endpoint="http://other:4318/v1/traces"), {}) is not None
