"""The summary of one trace: what the list shows, and what filter expressions are evaluated on. Pure.

Fault and error are the root's, throttle is any entry's, as the API reference defines HasFault, HasError, HasThrottle.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from msgspec import Struct, json

from xray_local.traces import root_causes
from xray_local.traces.body import Annotation, Http
from xray_local.traces.documents import ANNOTATIONS_MAX, Document
from xray_local.traces.entries import Entry, flatten
from xray_local.traces.flags import FLAGS, Flag
from xray_local.traces.root_causes import RootCause
from xray_local.traces.services import Edge, ServiceNode, services_and_edges


class ServiceId(Struct, frozen=True):
    """What identifies a service; `type` is the origin that its segments name, if they do."""

    name: str
    type: str | None


class AnnotationValue(Struct, frozen=True):
    """A value of an annotation, with the services that set it."""

    key: str
    value: Annotation
    services: tuple[ServiceId, ...]


class User(Struct, frozen=True):
    """A user that segments name, with the services that do."""

    name: str
    services: tuple[ServiceId, ...]


class Sampling(Struct, frozen=True):
    """The sampling rule that took a trace, the service that decided by it, and the host of the request, if known."""

    rule: str
    service: ServiceId
    host: str | None


class TraceSummary(Struct, frozen=True):
    """A trace in short; `start` in epoch seconds, durations in seconds, `revision` counts its documents,
    and those that they replaced.

    `partial` says that something is still expected: an end, or the parent of any entry but the root. `sampling`
    is the decision to record the trace, if that was recorded.
    """

    id: str
    start: float
    duration: float
    response_time: float
    flags: tuple[Flag, ...]
    partial: bool
    http: Http
    annotations: tuple[AnnotationValue, ...]
    users: tuple[User, ...]
    service_ids: tuple[ServiceId, ...]
    resource_arns: tuple[str, ...]
    instance_ids: tuple[str, ...]
    availability_zones: tuple[str, ...]
    entry_point: ServiceId
    fault_causes: tuple[RootCause, ...]
    error_causes: tuple[RootCause, ...]
    response_time_causes: tuple[RootCause, ...]
    revision: int
    services: tuple[ServiceNode, ...]
    edges: tuple[Edge, ...]
    sampling: Sampling | None = None


dump = json.Encoder().encode
"""Returns a summary as JSON, its members by name."""

load = json.Decoder(TraceSummary).decode
"""Returns the summary that was dumped as this JSON."""


def summarize(trace_id: str, documents: Sequence[Document], *, revision: int | None = None) -> TraceSummary:
    """Return the summary of a trace that has at least one document; it has a revision for each without another one."""
    trace = flatten(document.body for document in documents)
    entries, root = trace.entries, trace.root
    start = min([entry.start for entry in entries])
    services, edges = services_and_edges(entries, root)
    segments = [entry for entry in entries if entry.is_segment]
    flagged = [entry for entry in entries if entry.body.flags]
    on_aws = _having(entries, "aws")
    summary = TraceSummary(  # by position: see `ServiceNode`
        trace_id,
        start,
        round(max([entry.start if entry.end is None else entry.end for entry in entries]) - start, 6),
        round(root.duration, 6),
        _flags(root, flagged),
        any([entry.end is None or (entry.is_orphan and entry is not root) for entry in entries]),  # noqa: C419
        _http(root, segments),
        _annotations(_having(entries, "annotations"))[:ANNOTATIONS_MAX],
        _users(_having(entries, "user")),
        tuple(dict.fromkeys(map(_service_id, segments))),
        _texts(_having(entries, "resource_arn"), "resource_arn"),
        _texts(on_aws, "aws", "ec2", "instance_id"),
        _texts(on_aws, "aws", "ec2", "availability_zone"),
        _service_id(root.segment or root),
        root_causes.failures(flagged, Flag.FAULT),
        root_causes.failures(flagged, Flag.ERROR),
        root_causes.slowest(root),
        len(documents) if revision is None else revision,
        services,
        edges,
        _sampling(segments),
    )
    trace.unlink()
    return summary


def _having(entries: Iterable[Entry], key: str) -> list[Entry]:
    """Return the entries whose document has a member, which few have."""
    return [entry for entry in entries if key in entry.body.raw]


def _flags(root: Entry, flagged: Iterable[Entry]) -> tuple[Flag, ...]:
    own = root.body.flags
    throttled = any(Flag.THROTTLE in entry.body.flags for entry in flagged)
    return tuple([flag for flag in FLAGS if (throttled if flag is Flag.THROTTLE else flag in own)]) if flagged else ()


def _http(root: Entry, segments: Iterable[Entry]) -> Http:
    """Return the HTTP data of the root, or else of the first segment that has some."""
    found = (entry.body.http for entry in (root, *segments))
    return next((http for http in found if http != Http()), Http())


def _sampling(segments: Iterable[Entry]) -> Sampling | None:
    """Return the decision of the first segment that names a rule."""
    for segment in segments:
        if rule := segment.body.sampling_rule:
            return Sampling(rule, _service_id(segment), _host(segment.body.http.url or ""))
    return None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _service_id(entry: Entry) -> ServiceId:
    return ServiceId(entry.name, entry.body.text("origin"))


def _annotations(entries: Iterable[Entry]) -> tuple[AnnotationValue, ...]:
    # Whether it is a boolean is part of the key, since True == 1.
    services: defaultdict[tuple[str, bool, Annotation], dict[ServiceId, None]] = defaultdict(dict)
    for entry in entries:
        for key, value in entry.body.annotations.items():
            services[key, isinstance(value, bool), value][_service_id(entry.segment or entry)] = None
    return tuple(AnnotationValue(key, value, tuple(ids)) for (key, _, value), ids in services.items())


def _users(entries: Iterable[Entry]) -> tuple[User, ...]:
    services: defaultdict[str, dict[ServiceId, None]] = defaultdict(dict)
    for entry in entries:
        user = entry.body.text("user")
        if user is not None:
            services[user][_service_id(entry.segment or entry)] = None
    return tuple(User(name, tuple(ids)) for name, ids in services.items())


def _texts(entries: Iterable[Entry], *path: str) -> tuple[str, ...]:
    found = (entry.body.text(*path) for entry in entries)
    return tuple(dict.fromkeys(text for text in found if text is not None))
