"""The heads of requests."""

import pytest

from cruddur_tracing.wires.otlp.http.request import connect_request, request_head
from cruddur_tracing.wires.otlp.settings import OtlpSettings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (OtlpSettings("http://collector:4318"), ["POST / HTTP/1.1", "host: collector:4318"]),
        (OtlpSettings("https://[::1]/a?b=c"), ["POST /a?b=c HTTP/1.1", "host: [::1]"]),
        (OtlpSettings("http://a/", {"User-Agent": "mine", "Host": "b"}), ["host: b", "user-agent: mine"]),
        (OtlpSettings("http://u:p%40@a/"), ["host: a", "authorization: Basic dTpwQA=="]),
        (OtlpSettings("http://u:p@a/", {"Authorization": "Bearer x"}), ["authorization: Bearer x"]),
        (OtlpSettings("http://a/", compression="gzip"), ["content-encoding: gzip"]),
        (
            OtlpSettings("http://u@a:1/b", proxy="http://user:word@proxy:3128"),
            ["POST http://a:1/b HTTP/1.1", "host: a:1", "proxy-authorization: Basic dXNlcjp3b3Jk"],
        ),
        (OtlpSettings("https://a/b", proxy="http://user:word@proxy:3128"), ["POST /b HTTP/1.1", "host: a"]),
    ],
)
def test_the_head_of_a_request(settings: OtlpSettings, expected: list[str]) -> None:
    """Its target, and headers that depend on the settings."""
    lines = request_head(settings).decode().split("\r\n")
    assert set(expected) <= set(lines)
    assert sum(line.startswith("proxy-") for line in lines) == sum(line.startswith("proxy-") for line in expected)


def test_a_tunnel_is_requested_with_the_proxys_password() -> None:
    """The backend never sees it."""
    assert connect_request("::1", 443, "http://proxy:1") == b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"
    assert b"\r\nProxy-Authorization: Basic dTpw\r\n" in connect_request("a", 443, "http://u:p@proxy:1")
