"""The documents of a server's requests, made of what they have in common as JSON text."""

from typing import Any, Final, NamedTuple

from cruddur_tracing.recording.pipeline import Values
from cruddur_tracing.recording.span import UNSET, Span
from cruddur_tracing.recording.values import Writer, quote, scalar_text
from cruddur_tracing.wires.segments.fields import SHORT, name_text, seconds_text
from cruddur_tracing.wires.segments.http import CONSUMED, Http, own_block, server_address
from cruddur_tracing.wires.segments.resource import SegmentConstants

SPAN_NAME: Final = "otel.span.name"  # metadata: the name of a span whose document has another

_WIRE: Final = "segments"
_ROOM: Final = 8_000  # characters
# The attributes of a request that differ from those of other requests and go into its `http` block.
_OWN: Final = frozenset({"http.status_code", "http.target", "http.user_agent", "net.peer.ip", "net.peer.port"})
_OTHERS: Final = CONSUMED - _OWN
# The attributes that are metadata and nothing else.
_METADATA: Final = frozenset({"aws.xray.sampling_rule", "http.route"})


class Shared(NamedTuple):
    """The method, a server's address as the beginning of a URL, and entries of metadata, all as JSON text."""

    method: str
    address: str
    metadata: str


class Request(NamedTuple):
    """The `http` block of a request, its attributes besides the shared ones, and the metadata of these."""

    http: Http
    attributes: dict[str, Any]
    metadata: str


def server_request(span: Span) -> Request | None:
    """Return what is known of the request of a span, None unless it has only the usual attributes in `http`."""
    shared = span.shared
    own = None if shared is None else shared.besides(span._attributes)
    if shared is None or own is None or "http.target" not in own or not _OTHERS.isdisjoint(own):
        return None
    known = shared.encoded.get(_WIRE)
    if known is None:
        known = shared.encoded[_WIRE] = _known(shared.values)
    if not known.address:
        return None
    return Request(own_block(own.get, known.method, known.address), own, known.metadata)


def plain_segment(span: Span, request: Request, constants: SegmentConstants) -> str | None:
    """Return the whole document of a request that was answered without an error, and has nothing unusual in it.

    It says the same as the document that is made field by field; None if the request is not such a one.
    """
    block, status, _ = request.http
    if status >= 400 or span._status is not UNSET or span._events or span._links:
        return None
    metadata = [request.metadata, constants.metadata]
    for key, value in request.attributes.items():
        if key in _METADATA:
            text = quote(value) if type(value) is str and len(value) <= SHORT else scalar_text(value)
            if text is None:
                return None
            metadata.append(f'"{key}":{text}')
        elif key not in _OWN:
            return None
    recording, name = span.recording, span._name
    if type(name) is not str or len(name) > SHORT:
        return None
    if name != recording.service:
        metadata.append(f'"{SPAN_NAME}":{quote(name)}')
    trace_id = f"{recording.trace_id:032x}"
    parent = f'"parent_id":"{span.parent_id:016x}",' if span.parent_id else ""
    return (
        f'{{"trace_id":"1-{trace_id[:8]}-{trace_id[8:]}","id":"{span.span_id:016x}",{parent}'
        f'"name":{name_text(recording.service)},"start_time":{seconds_text(span._start_time)},'
        f'"end_time":{seconds_text(span._end_time)},"http":{block},{constants.text(recording.rule)},'
        f'"metadata":{{"default":{{{",".join(filter(None, metadata))}}}}}}}'
    )


def _known(values: Values) -> Shared:
    method, address = server_address(values.get)
    metadata = {key: value for key, value in values.items() if key not in CONSUMED}
    return Shared(method, address, Writer().text(metadata, _ROOM, "metadata")[1:-1])
