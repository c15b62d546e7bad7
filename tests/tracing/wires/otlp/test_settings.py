"""The environment means what it means to the official exporter."""

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from cruddur_tracing.wires.otlp.official import from_exporter
from cruddur_tracing.wires.otlp.settings import OtlpSettings, from_environment, has_netrc, wants_http

ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {"ENDPOINT": "http://collector:4318"},
    {"ENDPOINT": "http://collector:4318/"},
    {"ENDPOINT": "https://collector/base"},
    {"ENDPOINT": "http://collector:4318", "TRACES_ENDPOINT": "http://other:1/path?key=1"},
    {"HEADERS": "x-honeycomb-team=abc,Other=a%20b"},
    {"HEADERS": "a=1", "TRACES_HEADERS": "b=2"},
    {"HEADERS": "Authorization=Basic dXNlcjp3b3JkCg=="},
    {"TIMEOUT": "3"},
    {"COMPRESSION": "gzip"},
    {"COMPRESSION": " GZIP "},
    {"COMPRESSION": "gzip", "TRACES_COMPRESSION": "none"},
    {"COMPRESSION": "deflate"},
    {"CERTIFICATE": "/ca.pem", "CLIENT_CERTIFICATE": "/cert.pem", "CLIENT_KEY": "/key.pem"},
    {"CERTIFICATE": "/ca.pem", "TRACES_CERTIFICATE": "/other.pem"},
    {"CLIENT_CERTIFICATE": "/cert.pem"},
]


@pytest.mark.parametrize("variables", ENVIRONMENTS, ids=str)
def test_the_official_exporter_has_the_same_settings(variables: dict[str, str]) -> None:
    """Except its name in User-Agent."""
    environ = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()}
    with mock.patch.dict("os.environ", environ, clear=True):
        official = from_exporter(OTLPSpanExporter(), environ)
    assert official is not None
    headers = {name: value for name, value in official.headers.items() if name not in ("content-type", "user-agent")}
    ours = from_environment(environ)
    assert ours == OtlpSettings(
        official.endpoint,
        headers,
        official.timeout,
        official.compression,
        official.certificate,
        official.client_certificate,
        official.client_key,
        official.proxy,
    )


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ENDPOINT": "", "TRACES_ENDPOINT": ""}, OtlpSettings()),
        ({"TIMEOUT": "3", "TRACES_TIMEOUT": "0.5"}, OtlpSettings(timeout=0.5)),
        ({"TIMEOUT": "soon"}, OtlpSettings()),
        ({"TIMEOUT": "-1"}, OtlpSettings()),
        ({"COMPRESSION": "zstd"}, OtlpSettings()),
    ],
)
def test_what_older_exporters_fail_on(variables: dict[str, str], expected: OtlpSettings) -> None:
    """An empty value is as none; a wrong one is warned of."""
    assert from_environment({f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()}) == expected


def test_the_proxy_and_the_authorities_are_those_of_requests() -> None:
    """Both come from variables of others."""
    environ = {"HTTP_PROXY": "http://proxy:3128", "REQUESTS_CA_BUNDLE": "/bundle.pem"}
    settings = from_environment(environ)
    assert (settings.proxy, settings.certificate) == ("http://proxy:3128", "/bundle.pem")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, False),  # gRPC
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, False),
        (
            {
                "OTEL_TRACES_EXPORTER": "otlp",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            True,
        ),
        ({"OTEL_TRACES_EXPORTER": "otlp_proto_http"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp_proto_http,console"}, False),
        ({"OTEL_TRACES_EXPORTER": "none"}, False),
        (
            {
                "OTEL_TRACES_EXPORTER": "otlp_proto_http",
                "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER": "gcp",
            },
            False,
        ),
    ],
)
def test_only_otlp_over_http_alone_is_asked_for(environ: dict[str, str], expected: bool) -> None:
    """Anything else needs an exporter of somebody else's."""
    assert wants_http(environ) is expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"endpoint": "collector:4318"},
            "endpoint: 'collector:4318': expected a URL that begins with http:// or https://",
        ),
        ({"endpoint": "unix:///run/otel"}, "endpoint: "),
        ({"endpoint": "http://"}, "endpoint: "),
        ({"endpoint": "http://user:word@collector:99999"}, "endpoint: 'http://collector:99999': "),
        ({"endpoint": "http://[collector"}, "endpoint: "),
        ({"endpoint": "http://collector/\r\nHost: other"}, "endpoint: "),
        ({"endpoint": "http://zürich/"}, "endpoint: "),
        ({"proxy": "https://proxy:3128"}, "proxy: 'https://proxy:3128': expected a URL that begins with http://"),
        ({"proxy": "socks5://proxy:1080"}, "proxy: "),
        ({"headers": {"a": "b\r\nc: d"}}, "headers: 'a': "),
        ({"headers": {"a b": "c"}}, "headers: 'a b': "),
        ({"compression": "zstd"}, "compression: 'zstd': expected one of none, gzip, deflate"),
        ({"timeout": 0}, "timeout: 0: "),
        ({"timeout": float("nan")}, "timeout: nan: "),
    ],
)
def test_what_cannot_be_used_is_an_error(options: dict[str, Any], message: str) -> None:
    """That names the setting, its value and what was expected."""
    with pytest.raises(ValueError, match=message):
        OtlpSettings(**options).checked()


def test_credentials_in_a_netrc_file_are_found(tmp_path: Path) -> None:
    """For the endpoint's host only; an unreadable file has none."""
    file = tmp_path / "netrc"
    environ = {"NETRC": str(file)}
    assert not has_netrc("http://shop.example/v1/traces", environ)
    file.write_text("machine shop.example login me password secret")
    file.chmod(0o600)
    assert has_netrc("http://shop.example:4318/v1/traces", environ)
    assert not has_netrc("http://other.example/v1/traces", environ)
    file.write_text("machine")
    assert not has_netrc("http://shop.example/v1/traces", environ)
