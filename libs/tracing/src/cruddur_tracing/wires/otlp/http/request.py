"""Writes the heads of HTTP/1.1 requests. Pure."""

from base64 import b64encode
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from cruddur_tracing.wires.otlp.settings import OtlpSettings

_OURS: Final = {"connection", "content-encoding", "content-length", "transfer-encoding"}


def request_head(settings: OtlpSettings) -> bytes:
    """Return a POST request up to its Content-Length, which is the caller's to write."""
    url = urlsplit(settings.endpoint)
    headers = {
        "host": _without_user(url),
        "content-type": "application/x-protobuf",
        "user-agent": "cruddur-tracing",
        "accept-encoding": "identity",
    }
    if url.username is not None:
        headers["authorization"] = _basic(url)
    proxy = urlsplit(settings.proxy) if settings.proxy and url.scheme == "http" else None
    if proxy is not None and proxy.username is not None:
        headers["proxy-authorization"] = _basic(proxy)
    headers |= {name.lower(): value for name, value in settings.headers.items() if name.lower() not in _OURS}
    if settings.compression != "none":
        headers["content-encoding"] = settings.compression
    target = SplitResult("", "", url.path or "/", url.query, "").geturl()
    if proxy is not None:
        target = f"http://{_without_user(url)}{target}"
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def connect_request(host: str, port: int, proxy: str) -> bytes:
    """Return the request for a tunnel to `host` through a proxy."""
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    url = urlsplit(proxy)
    authorization = f"Proxy-Authorization: {_basic(url)}\r\n" if url.username is not None else ""
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n".encode("ascii")


def _without_user(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]


def _basic(url: SplitResult) -> str:
    user = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    return f"Basic {b64encode(user.encode()).decode()}"
