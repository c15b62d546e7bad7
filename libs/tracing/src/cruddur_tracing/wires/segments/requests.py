"""The documents of a server's requests, made of what they have in common as JSON text."""

from typing import Final, NamedTuple

from cruddur_tracing.recording.pipeline import SharedAttributes, Values
from cruddur_tracing.recording.span import UNSET, Span
from cruddur_tracing.recording.values import Writer, quote
from cruddur_tracing.wires.segments.fields import SHORT, name_text, times_text
from cruddur_tracing.wires.segments.http import CONSUMED, Http, own_block, quoted, response_block, server_address
from cruddur_tracing.wires.segments.resource import SegmentConstants

SPAN_NAME: Final = "otel.span.name"  # metadata: the name of a span whose document has another

_SERVER: Final = "segments"
_ROOM: Final = 8_000  # characters
_FRAMES_MAX: Final = 64
_OWN: Final = frozenset({"http.target", "net.peer.port"})
_CLIENT_FIELDS: Final = (("user_agent", "http.user_agent"), ("client_ip", "net.peer.ip"))
# The attributes of a request that are in its `http` block and may differ from those of other requests.
_OTHERS: Final = CONSUMED - {"http.status_code", "http.target", "http.user_agent", "net.peer.ip", "net.peer.port"}


class Server:
    """What requests to one server have in common, as JSON text: the method, the beginning of a URL, and metadata.

    `address` is empty where it is not known; `response` is the end of an `http` block and the status, 0 if unknown.
    """

    __slots__ = ("_constants", "_frames", "address", "metadata", "method", "response")

    def __init__(self, values: Values) -> None:
        self.method, self.address = server_address(values.get)
        described = {key: value for key, value in values.items() if key not in CONSUMED}
        self.metadata = Writer().text(described, _ROOM, "metadata")[1:-1]
        self.response = response_block(values.get)
        self._constants: SegmentConstants | None = None
        self._frames: dict[tuple[SharedAttributes, str | None, str, str], tuple[str, str]] = {}

    @classmethod
    def of(cls, shared: SharedAttributes) -> "Server":
        """Return what is made once of shared attributes."""
        known: Server | None = shared.encoded.get(_SERVER)
        if known is None:
            known = shared.encoded[_SERVER] = cls(shared.values)
        return known

    def frame(
        self, constants: SegmentConstants, client: SharedAttributes, rule: str | None, service: str, name: str
    ) -> tuple[str, str] | None:
        """Return a segment's document from `http` on, up to the path of the URL and after it.

        None if more has to be said of the response or the client, or if the name is long.
        """
        if constants is not self._constants or len(self._frames) >= _FRAMES_MAX:
            self._constants, self._frames = constants, {}
        frame = self._frames.get((client, rule, service, name))
        if frame is None and self.address and self.response[1] < 400 and len(name) <= SHORT:
            fields = _client_fields(client.values)
            if fields is not None:
                named = f'"{SPAN_NAME}":{quote(name)}' if name != service else ""
                metadata = ",".join(filter(None, [self.metadata, constants.metadata, named]))
                begin = f'"http":{{"request":{{"method":{self.method},"url":{quote(self.address)[:-1]}'
                end = f'{fields}}}{self.response[0]}}},"name":{name_text(service)},{constants.text(rule)}'
                frame = begin, f'{end},"metadata":{{"default":{{{metadata}}}}}}}'
                self._frames[client, rule, service, name] = frame
        return frame


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
    if found is None:
        return None
    (shared, client), own = found
    recording, name, target = span.recording, span._name, own.get("http.target")
    if type(name) is not str or not target or len(target) > SHORT or not own.keys() <= _OWN:
        return None
    frame = Server.of(shared).frame(constants, client, recording.rule, recording.service, name)
    if frame is None:
        return None
    begin, end = frame
    path = quote(target.partition("?")[0])
    parent = f'"parent_id":"{span.parent_id:016x}",' if span.parent_id else ""
    span_id = "%016x" % span.span_id  # noqa: UP031 - half the instructions of a format specification
    return (
        f'{{"trace_id":"{recording.xray_id}","id":"{span_id}",{parent}'
        f"{times_text(span._start_time, span._end_time)},{begin}{path[1:]}{end}"
    )


def _client_fields(values: Values) -> str | None:
    """Return the fields of an `http` block that are about the client, None if there is more to say of it."""
    fields = [f',"{field}":{quoted(values[key])}' for field, key in _CLIENT_FIELDS if key in values]
    return "".join(fields) if len(fields) == len(values) else None
