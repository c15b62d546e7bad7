"""The `http` of a document from the attributes of either convention, the older names first. Pure.

URLs lose their query, as in the X-Ray SDK.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from xray_local.ingest.translator.values import first, is_empty, text

_USUAL_PORTS = {("http", "80"), ("https", "443")}


def http_block(attributes: Mapping[str, Any], *, is_server: bool) -> dict[str, Any]:
    """Return request and response; empty if the span is not about HTTP."""
    status = _status(attributes)
    request = {
        "method": text(attributes, "http.method", "http.request.method"),
        "url": text(attributes, "http.url", "url.full"),
        "user_agent": text(attributes, "http.user_agent", "user_agent.original"),
        "client_ip": text(attributes, "http.client_ip"),
    }
    if status is None and not any(request.values()):
        return {}
    request["url"] = (request["url"] or _url(attributes, is_server=is_server) or "").partition("?")[0]
    response = {
        "status": status,
        "content_length": first(attributes, "http.response_content_length", "http.response.body.size"),
    }
    block = {"request": _present(request) | _client(attributes), "response": _present(response)}
    return {part: members for part, members in block.items() if members}


def host_of(url: object) -> str:
    """Return the host of a URL without user and port; empty if there is none."""
    try:
        return (urlsplit(url).hostname or "") if isinstance(url, str) else ""
    except ValueError:
        return ""


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if not is_empty(value)}


def _status(attributes: Mapping[str, Any]) -> int | None:
    status = first(attributes, "http.status_code", "http.response.status_code")
    if isinstance(status, str) and status.isdecimal() and status.isascii():
        return int(status[:9])
    return status if isinstance(status, int) and not isinstance(status, bool) else None


def _client(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the client's address; it was forwarded if there is none of a peer besides."""
    if forwarded := text(attributes, "http.client_ip"):
        has_peer = attributes.get("net.peer.ip") or attributes.get("network.peer.address")
        return {"client_ip": forwarded} | ({} if has_peer else {"x_forwarded_for": True})
    for name in ("client.address", "net.peer.ip", "network.peer.address"):
        if (address := text(attributes, name)) and (name == "net.peer.ip" or _is_ip(address)):
            return {"client_ip": address}
    return {}


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _url(attributes: Mapping[str, Any], *, is_server: bool) -> str | None:
    path = text(attributes, "http.target", "url.path", "http.route")
    host, port = text(attributes, "http.host"), None
    if host is None:
        names = _SERVER if is_server else _PEER
        host, port = text(attributes, *names), first(attributes, *_PORTS[names])
    if host is None:
        return path
    scheme = text(attributes, "http.scheme", "url.scheme") or "http"
    is_usual = port is None or (scheme, str(port)) in _USUAL_PORTS
    return f"{scheme}://{host}{'' if is_usual else f':{port}'}{path or '/'}"


_SERVER = ("http.server_name", "net.host.name", "host.name", "server.address")
_PEER = ("net.peer.name", "net.peer.ip", "server.address")
_PORTS = {_SERVER: ("net.host.port", "server.port"), _PEER: ("net.peer.port", "server.port")}
