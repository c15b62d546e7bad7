from typing import Any

import pytest

from xray_local.ingest.translator.http import host_of, http_block

GET = {"request": {"method": "GET", "url": "http://a/b"}, "response": {"status": 200}}


@pytest.mark.parametrize(
    ("attributes", "http"),
    [
        ({"http.request.method": "GET", "url.full": "http://a/b", "http.response.status_code": 200}, GET),
        (
            {"http.method": "GET", "http.url": "http://a/b", "http.status_code": "200", "http.user_agent": "curl"},
            {"request": {"method": "GET", "url": "http://a/b", "user_agent": "curl"}, "response": {"status": 200}},
        ),
        (
            {
                "http.request.method": "GET",
                "url.scheme": "http",
                "server.address": "a",
                "server.port": 4567,
                "url.path": "/b",
                "url.query": "c=d",
                "client.address": "10.0.0.1",
            },
            {"request": {"method": "GET", "url": "http://a:4567/b", "client_ip": "10.0.0.1"}},
        ),
        (
            {
                "http.method": "GET",
                "http.scheme": "https",
                "http.host": "a:443",
                "http.target": "/b?c=d",
                "net.host.port": 443,
            },
            {"request": {"method": "GET", "url": "https://a:443/b"}},
        ),
        ({"http.method": "GET", "http.target": "/b"}, {"request": {"method": "GET", "url": "/b"}}),
        ({"url.full": "http://a/b?c=d"}, {"request": {"url": "http://a/b"}}),
        ({"http.status_code": 404, "http.response.body.size": 12}, {"response": {"status": 404, "content_length": 12}}),
        ({"url.path": "/b", "server.address": "a", "http.status_code": [200]}, {}),
        ({}, {}),
    ],
)
def test_a_server_is_described_in_either_convention(attributes: dict[str, Any], http: dict[str, Any]) -> None:
    """URLs lose their query; without a method, a status and a URL it is not about HTTP."""
    assert http_block(attributes, is_server=True) == http


@pytest.mark.parametrize(
    ("attributes", "url"),
    [
        ({"net.peer.name": "a", "net.peer.port": 80, "http.target": "/b"}, "http://a/b"),
        ({"net.peer.ip": "10.0.0.9", "net.peer.port": 8080}, "http://10.0.0.9:8080/"),
        ({"server.address": "a", "server.port": 443, "url.scheme": "https", "url.path": "/b"}, "https://a/b"),
        ({"server.address": "a", "server.port": 443, "net.host.name": "own"}, "http://a:443/"),
    ],
)
def test_the_url_of_a_client_has_the_peers_host(attributes: dict[str, Any], url: str) -> None:
    """Without the port that the scheme has anyway."""
    assert http_block(attributes | {"http.method": "GET"}, is_server=False)["request"]["url"] == url


@pytest.mark.parametrize(
    ("attributes", "client"),
    [
        ({"http.client_ip": "10.0.0.1"}, {"client_ip": "10.0.0.1", "x_forwarded_for": True}),
        ({"http.client_ip": "10.0.0.1", "net.peer.ip": "10.0.0.2"}, {"client_ip": "10.0.0.1"}),
        ({"net.peer.ip": "10.0.0.2"}, {"client_ip": "10.0.0.2"}),
        ({"client.address": "::1", "net.peer.ip": "10.0.0.2"}, {"client_ip": "::1"}),
        ({"client.address": "a.example", "network.peer.address": "10.0.0.2"}, {"client_ip": "10.0.0.2"}),
        ({"client.address": "/tmp/socket"}, {}),
    ],
)
def test_the_client_is_an_address(attributes: dict[str, Any], client: dict[str, Any]) -> None:
    """The one that was forwarded, if it is known."""
    assert http_block(attributes | {"http.method": "GET"}, is_server=True)["request"] == {"method": "GET"} | client


@pytest.mark.parametrize(
    ("url", "host"),
    [("http://user:pass@a.example:80/b?c#d", "a.example"), ("/b", ""), ("http://[::1/", ""), (None, ""), (5, "")],
)
def test_the_host_of_a_url(url: object, host: str) -> None:
    """Without user and port; what is no URL has none."""
    assert host_of(url) == host
