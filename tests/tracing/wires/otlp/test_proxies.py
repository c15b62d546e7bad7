"""The proxy is the one that `requests` would take, which the official exporter uses."""

from unittest import mock

import pytest
import requests

from cruddur_tracing.wires.otlp.proxies import proxy_for

URLS = [
    "http://collector:4318/v1/traces",
    "https://api.honeycomb.io/v1/traces",
    "http://10.1.2.3:4318/v1/traces",
    "http://localhost/v1/traces",
    "http://[::1]:4318/v1/traces",
]
NO_PROXY = [
    "*",
    "",
    "collector",
    "collector:4318",
    "collector:80",
    ".honeycomb.io, localhost",
    "honeycomb.io",
    "oneycomb.io",
    "HONEYCOMB.IO",
    "10.0.0.0/8",
    "10.1.2.3",
    "10.1.2.0/24,collector",
    "10.0.0.0/99",
    "::1",
    ",,",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("no_proxy", NO_PROXY)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_means_what_it_means_to_requests(url: str, no_proxy: str, name: str) -> None:
    """Names, suffixes, ports, addresses and networks."""
    environ = {"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://user:word@proxy:3129", name: no_proxy}
    assert proxy_for(url, environ) == chosen_by_requests(url, environ)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTP_PROXY": "http://upper:1", "http_proxy": "http://lower:1"},
        {"HTTP_PROXY": "http://upper:1", "http_proxy": ""},
        {"ALL_PROXY": "http://all:1"},
        {"HTTP_PROXY": "http://upper:1", "REQUEST_METHOD": "GET"},
        {"http_proxy": "http://lower:1", "REQUEST_METHOD": "GET"},
        {"HTTPS_PROXY": "socks5://proxy:1"},
    ],
)
def test_the_variables_mean_what_they_mean_to_requests(url: str, environ: dict[str, str]) -> None:
    """Upper and lower case, and a CGI script's."""
    assert proxy_for(url, environ) == chosen_by_requests(url, environ)


def chosen_by_requests(url: str, environ: dict[str, str]) -> str | None:
    with mock.patch.dict("os.environ", environ, clear=True):
        return requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))


@pytest.mark.parametrize("value", ["proxy:3128", "//proxy:3128"])
def test_a_proxy_without_a_scheme_is_an_http_proxy(value: str) -> None:
    """As for curl."""
    assert proxy_for("http://collector/", {"http_proxy": value}) == "http://proxy:3128"


@pytest.mark.parametrize("url", ["", "collector:4318", "http://", "http://collector:port/"])
def test_what_is_no_url_has_no_proxy(url: str) -> None:
    """The settings say what is wrong with it."""
    proxy_for(url, {"ALL_PROXY": "http://proxy:1"})
