"""The documents of a server's requests, made of what they have in common as JSON text."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from cruddur_tracing.recording.pipeline import SharedAttributes, Values
from cruddur_tracing.recording.span import UNSET, Span
from cruddur_tracing.recording.values import Writer, quote
from cruddur_tracing.wires.segments.fields import SHORT, name_text, times_text
from cruddur_tracing.wires.segments.http import CONSUMED, Http, own_block, quoted, response_block, server_address
from cruddur_tracing.wires.segments.resource import SegmentConstants

SPAN_NAME: Final = "otel.span.name"  # metadata: the name of a span whose document has another

_SERVER: Final = "segments"
_CLIENT: Final = "segments.client"
_ROOM: Final = 8_000  # characters
_TAILS_MAX: Final = 64
_OWN: Final = frozenset({"http.target", "net.peer.port"})
_CLIENT_FIELDS: Final = (("user_agent", "http.user_agent"), ("client_ip", "net.peer.ip"))
# The attributes of a request that are in its `http` block and may differ from those of other requests.
_OTHERS: Final = CONSUMED - {"http.status_code", "http.target", "http.user_agent", "net.peer.ip", "net.peer.port"}


class Server:
    """What requests to one server have in common, as JSON text: the method, the beginning of a URL, and metadata.

    `address` is empty where it is not known; `response` is the end of an `http` block and the status, 0 if unknown.
    `plain` is true if nothing else has to be said of the response.
    """

    __slots__ = ("_constants", "_tails", "address", "metadata", "method", "plain", "response")

    def __init__(self, values: Values) -> None:
        self.method, self.address = server_address(values.get)
        described = {key: value for key, value in values.items() if key not in CONSUMED}
        self.metadata = Writer().text(described, _ROOM, "metadata")[1:-1]
        self.response = response_block(values.get)
        self.plain = bool(self.address) and self.response[1] < 400
        self._constants: SegmentConstants | None = None
        self._tails: dict[tuple[str | None, str, str], str] = {}

    @classmethod
    def of(cls, shared: SharedAttributes) -> "Server":
        """Return what is made once of shared attributes."""
        known: Server | None = shared.encoded.get(_SERVER)
        if known is None:
            known = shared.encoded[_SERVER] = cls(shared.values)
        return known

    def tail(self, constants: SegmentConstants, rule: str | None, service: str, name: str) -> str:
        """Return the end of a segment's document, from the response on."""
        if constants is not self._constants or len(self._tails) >= _TAILS_MAX:
            self._constants, self._tails = constants, {}
        tail = self._tails.get((rule, service, name))
        if tail is None:
            named = f'"{SPAN_NAME}":{quote(name)}' if name != service else ""
            metadata = ",".join(filter(None, [self.metadata, constants.metadata, named]))
            tail = f'{self.response[0]}}},"name":{name_text(service)},{constants.text(rule)}'
            tail += f',"metadata":{{"default":{{{metadata}}}}}}}'
            self._tails[rule, service, name] = tail
        return tail


class Request(NamedTuple):
    """The `http` block of a request, its attributes besides those of the server, and the metadata of the server."""

    http: Http
    attributes: Values
    metadata: str


def server_request(span: Span) -> Request | None:
    """Return what is known of the request of a span, None unless it has only the usual attributes in `http`."""
    found = span.shared_attributes()
    if found is None:
        return None
    (shared, *more), own = found
    for client in more:
        own = {**client.values, **own}
    server = Server.of(shared)
    if not server.address or not own.get("http.target") or not _OTHERS.isdisjoint(own):
        return None
    return Request(own_block(own.get, server.method, server.address, server.response), own, server.metadata)


def plain_segment(span: Span, constants: SegmentConstants) -> str | None:
    """Return the whole document of a request that was answered without an error and whose span was never changed.

    It says the same as the document that is made field by field; None if the request is not such a one.
    """
    if span.made_attributes is not None or span.xray is not None:
        return None
    if span._status is not UNSET or span._events or span._links:
        return None
    found = span.shared_attributes()
    return None if found is None else _plain_segment(span, constants, *found)


def _plain_segment(
    span: Span, constants: SegmentConstants, shared: Sequence[SharedAttributes], own: Values
) -> str | None:
    server, client = Server.of(shared[0]), _client_fields(shared[1])
    recording, name, target = span.recording, span._name, own.get("http.target")
    if client is None or not server.plain or not own.keys() <= _OWN or not target or type(name) is not str:
        return None
    if len(target) > SHORT or len(name) > SHORT:
        return None
    url = quote(server.address + target.partition("?")[0])
    parent = f'"parent_id":"{span.parent_id:016x}",' if span.parent_id else ""
    span_id = "%016x" % span.span_id  # noqa: UP031 - half the instructions of a format specification
    return (
        f'{{"trace_id":"{recording.xray_id}","id":"{span_id}",{parent}'
        f"{times_text(span._start_time, span._end_time)},"
        f'"http":{{"request":{{"method":{server.method},"url":{url}{client}}}'
        f"{server.tail(constants, recording.rule, recording.service, name)}"
    )


def _client_fields(shared: SharedAttributes) -> str | None:
    """Return the fields of an `http` block that are about the client, None if there is more to say of it."""
    encoded, values = shared.encoded, shared.values
    if _CLIENT not in encoded:
        fields = [f',"{field}":{quoted(values[key])}' for field, key in _CLIENT_FIELDS if key in values]
        encoded[_CLIENT] = "".join(fields) if len(fields) == len(values) else None
    text: str | None = encoded[_CLIENT]
    return text
