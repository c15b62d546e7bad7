"""Root causes of a trace: the paths to a fault, to an error, or along most of the response time. Pure.

X-Ray calls them FaultRootCauses, ErrorRootCauses and ResponseTimeRootCauses.
"""

from collections.abc import Sequence
from operator import attrgetter

from msgspec import Struct

from xray_local.traces.body import RecordedException
from xray_local.traces.entries import Entry, inferred_service
from xray_local.traces.flags import Flag

CAUSES_MAX = 10  # of each kind in one summary
PATH_MAX = 100  # entries on one path; a longer one has its first and its last 50
SLOW_SHARE = 0.5  # a child is on the slow path when it covers this part of its parent's time


class CauseEntity(Struct, frozen=True):
    """One entry on the path; `coverage` is its share of the root's time, None on the path to a failure."""

    name: str
    remote: bool
    coverage: float | None
    exceptions: tuple[RecordedException, ...]


class CauseService(Struct, frozen=True):
    """The part of the path inside one service; `inferred` for a service that was called and sent no segment."""

    name: str
    type: str
    inferred: bool
    path: tuple[CauseEntity, ...]


class RootCause(Struct, frozen=True):
    """A path from the root down to the entry that caused it; one of more than PATH_MAX entries lacks its middle."""

    client_impacting: bool
    services: tuple[CauseService, ...]


def failures(flagged: Sequence[Entry], flag: Flag) -> tuple[RootCause, ...]:
    """Return a root cause for each deepest entry with the flag, of the entries that have any."""
    having = [entry for entry in flagged if flag in entry.body.flags]
    deepest = [entry for entry in having if not any(flag in child.body.flags for child in entry.children)]
    paths = map(_path, deepest[:CAUSES_MAX])
    return tuple(_root_cause(path, client_impacting=flag in path[0].body.flags, timed=False) for path in paths)


def slowest(root: Entry) -> tuple[RootCause, ...]:
    """Return the one path along which most of the root's time went."""
    path = [root]
    while path[-1].children:
        longest = max(path[-1].children, key=attrgetter("duration"))
        if longest.duration < SLOW_SHARE * path[-1].duration or longest.duration == 0:
            break
        path.append(longest)
    return (_root_cause(path, client_impacting=True, timed=True),)


def _path(entry: Entry) -> list[Entry]:
    path = [entry]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    return path[::-1]


def _root_cause(path: Sequence[Entry], *, client_impacting: bool, timed: bool) -> RootCause:
    if len(path) > PATH_MAX:
        half = PATH_MAX // 2
        path = [*path[:half], *path[-half:]]
    return RootCause(client_impacting, _services(path, path[0].duration if timed else None))


def _services(path: Sequence[Entry], root_seconds: float | None) -> tuple[CauseService, ...]:
    parts: list[list[Entry]] = []
    for entry in path:
        if entry.is_segment or not parts:
            parts.append([])
        parts[-1].append(entry)
    services = [_service(part, root_seconds, inferred=False) for part in parts]
    if path[-1].is_remote:
        services.append(_service(path[-1:], root_seconds, inferred=True))
    return tuple(services)


def _service(part: Sequence[Entry], root_seconds: float | None, *, inferred: bool) -> CauseService:
    first = part[0]
    name, type_ = inferred_service(first) if inferred else (first.name, first.body.text("origin") or "")
    return CauseService(name, type_, inferred, tuple(_entity(entry, root_seconds) for entry in part))


def _entity(entry: Entry, root_seconds: float | None) -> CauseEntity:
    coverage = None if root_seconds is None else min(1.0, entry.duration / root_seconds) if root_seconds else 1.0
    return CauseEntity(entry.name, entry.is_remote, coverage, entry.body.exceptions)
