"""The `http` block of a document, from OpenTelemetry's attributes of either convention and from what X-Ray's API wrote.

URLs lose their query, as in the X-Ray SDK.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from cruddur_tracing.recording.values import ROOM, Writer, quote, safe_text
from xray_model.segments.attributes import HTTP, HTTP_TRIGGERS

TRIGGERS: Final = HTTP_TRIGGERS
CONSUMED: Final = HTTP
_IP: Final = re.compile(r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*")
_PEER: Final = "net.peer.ip"
_CLIENTS: Final = ("client.address", _PEER, "network.peer.address")
_USUAL_PORTS: Final = ("http:80", "https:443")
_NO_KEYS: Final[frozenset[str]] = frozenset()
_DIGITS_MAX: Final = 18
_INTEGER_MAX: Final = 10**_DIGITS_MAX

Block = dict[str, dict[str, Any]]
Http = tuple[str, int, frozenset[str]]
Get = Callable[[str], Any]


def http_block(attributes: Mapping[str, Any], written: Block, *, server: bool) -> Http:
    """Return the block as JSON text, the status of the response, 0 without one, and the attributes that are in it."""
    text, status, consumed = "{}", 0, _NO_KEYS
    if not TRIGGERS.isdisjoint(attributes):
        (text, status), consumed = _described(attributes.get, server=server), CONSUMED
    if written:
        text, status = _merged(json.loads(text), written)
    return text, status, consumed


def server_address(get: Get) -> tuple[str, str]:
    """Return the method as JSON text, and what URLs on a server begin with; an empty text if that is not known."""
    return quoted(get("http.method") or ""), _url(get, server=True)[:-1]


def own_block(get: Get, method: str, address: str, response: tuple[str, int]) -> Http:
    """Return the block of a server's request with its own target, agent and client, and the response or its own."""
    url = quoted(f"{address}{_text(get('http.target')).partition('?')[0]}")
    request = f'"method":{method},"url":{url}'
    if agent := get("http.user_agent"):
        request += f',"user_agent":{quoted(agent)}'
    if address := get("net.peer.ip"):
        request += f',"client_ip":{quoted(address)}'
    text, status = response if response[1] else response_block(get)
    return f'{{"request":{{{request}}}{text}}}', status, CONSUMED


def url_host(url: Any) -> str:
    """Return the host in a URL, without user and port; an empty text if there is none."""
    authority = url.partition("://")[2] if isinstance(url, str) else ""
    for end in "/?#":
        authority = authority.partition(end)[0]
    host = authority.rpartition("@")[2]
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]


def _described(get: Get, *, server: bool) -> tuple[str, int]:
    request = []
    if method := get("http.method") or get("http.request.method"):
        request.append(f'"method":{quoted(method)}')
    if url := get("http.url") or get("url.full") or _url(get, server=server):
        request.append(f'"url":{quoted(_text(url).partition("?")[0])}')
    if agent := get("http.user_agent") or get("user_agent.original"):
        request.append(f'"user_agent":{quoted(agent)}')
    address, forwarded = _client(get) if server else (None, False)
    if address:
        request.append(f'"client_ip":{quoted(address)}')
        if forwarded:
            request.append('"x_forwarded_for":true')
    response, status = response_block(get)
    return f'{{"request":{{{",".join(request)}}}{response}}}', status


def _client(get: Get) -> tuple[Any, bool]:
    """Return the client's address, and whether a header is its only source."""
    if address := get("http.client_ip"):
        return address, not (get("net.peer.ip") or get("network.peer.address"))
    for key in _CLIENTS:
        if (address := get(key)) and (key == _PEER or _is_ip(address)):
            return address, False
    return None, False


def response_block(get: Get) -> tuple[str, int]:
    """Return the response as the end of a block, and its status; an empty text and 0 if nothing is known of it."""
    status = get("http.status_code")
    if status is None:
        status = get("http.response.status_code")
    code = 0 if status is None else _integer(status)
    response = [f'"status":{code}'] if code else []
    length = get("http.response_content_length") or get("http.response.body.size")
    if length is not None:
        response.append(f'"content_length":{_integer(length)}')
    return f',"response":{{{",".join(response)}}}' if response else "", code


def _merged(block: Block, written: Block) -> tuple[str, int]:
    """Return a block, with what X-Ray's API wrote, as JSON text, and the status of the response."""
    for part, kinds in _KINDS.items():
        values = {safe_text(key): value for key, value in written.get(part, {}).items() if value is not None}
        if values:
            typed = {key: kinds[key](value) if key in kinds else _text(value) for key, value in values.items()}
            block[part] = block.get(part, {}) | typed
    text = Writer(marks=False).text(block, ROOM, "http")
    return text, block.get("response", {}).get("status", 0)


def _url(get: Get, *, server: bool) -> str:
    host, port = get("http.host"), None
    if not host:
        host, port = _server(get) if server else _peer(get)
    if not host:
        return ""
    scheme = get("http.scheme") or get("url.scheme") or "http"
    path = get("http.target") or get("url.path") or "/"
    if port and f"{scheme}:{port}" not in _USUAL_PORTS:
        return f"{scheme}://{host}:{port}{path}"
    return f"{scheme}://{host}{path}"


def _server(get: Get) -> tuple[Any, Any]:
    host = get("http.server_name") or get("net.host.name") or get("host.name") or get("server.address")
    return host, get("net.host.port") or get("server.port")


def _peer(get: Get) -> tuple[Any, Any]:
    host = get("net.peer.name") or get("net.peer.ip") or get("server.address")
    return host, get("net.peer.port") or get("server.port")


def _is_ip(value: Any) -> bool:
    return isinstance(value, str) and _IP.fullmatch(value) is not None


def _text(value: Any) -> str:
    return value if type(value) is str and len(value) <= ROOM else safe_text(value)[:ROOM]


def quoted(value: Any) -> str:
    """Return any value as the JSON text of a string of a bounded length."""
    return quote(value) if type(value) is str and len(value) <= ROOM else quote(safe_text(value)[:ROOM])


def _integer(value: Any) -> int:
    if type(value) is int and -1 < value < _INTEGER_MAX:
        return value
    text = safe_text(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX else 0


_KINDS: Final[dict[str, dict[str, Callable[[Any], Any]]]] = {
    "request": {"x_forwarded_for": bool},
    "response": {"status": _integer, "content_length": _integer},
}
