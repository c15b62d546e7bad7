"""Why a trace failed: where each failure began, and the way of the worst one up to the client. Pure."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from xray_local.page.trace.analysis.calls import service
from xray_local.page.trace.analysis.times import Layout
from xray_local.traces.flags import Flag
from xray_local.traces.waterfall import Row

Flags = Mapping[int, tuple[Flag, ...]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure: the places of the rows from the root to where it began, and of the exception that explains it, if any.

    `services` are those on the way, each once in a row; `client` says that the root failed with it; `passed` counts the
    services above the first one that failed as well; `others` the failures that began elsewhere.
    """

    flag: Flag
    path: tuple[int, ...]
    services: tuple[str, ...]
    exception: int | None
    client: bool
    passed: int
    others: int

    @property
    def origin(self) -> int:
        """The place of the row where it began."""
        return self.path[-1]


def failed_rows(rows: Sequence[Row]) -> Flags:
    """Return the flags of the rows that have one."""
    found = {}
    for place, row in enumerate(rows):
        raw = row.entry.body.raw
        if "fault" in raw or "error" in raw or "throttle" in raw:
            flags = row.entry.body.flags
            if flags:
                found[place] = flags
    return found


def origins(rows: Sequence[Row], places: Layout, failed: Flags) -> AbstractSet[int]:
    """Return the failed rows where a failure began: no child explains why they failed."""
    return set(failed) - {places.parent[place] for place in failed if _explains_parent(place, rows, places, failed)}


def _explains_parent(place: int, rows: Sequence[Row], places: Layout, failed: Flags) -> bool:
    """Return whether the parent failed in the same way, or in another one that no exception of its own explains."""
    parent = places.parent[place]
    if parent not in failed:
        return False
    return not set(failed[place]).isdisjoint(failed[parent]) or not _has_exception(rows[parent])


def failure(rows: Sequence[Row], places: Layout, failed: Flags, begun: AbstractSet[int]) -> Failure | None:
    """Return the worst failure: one that reached the client, then by severity, with an exception, the first one."""
    severity = list(Flag)
    ranked = []
    for origin in begun:
        chain = _chain(origin, rows, places, failed)
        exception = next((place for place in chain if _has_exception(rows[place])), None)
        flag = failed[origin][0]
        rank = (places.parent[chain[-1]] >= 0, severity.index(flag), exception is None, origin)
        ranked.append((rank, chain, exception))
    if not ranked:
        return None
    (inside, worst, _, origin), chain, exception = min(ranked)
    path = _path(origin, places)
    names = [service(rows[place].entry) for place in path]
    failing = {service(rows[place].entry) for place in chain}
    return Failure(
        flag=severity[worst],
        path=path,
        services=tuple(name for at, name in enumerate(names) if at == 0 or name != names[at - 1]),
        exception=exception,
        client=not inside,
        passed=len(failing - {service(rows[origin].entry)}),
        others=len(ranked) - 1,
    )


def _chain(origin: int, rows: Sequence[Row], places: Layout, failed: Flags) -> list[int]:
    """Return the rows from the origin upwards that failed because of it."""
    chain = [origin]
    while _explains_parent(chain[-1], rows, places, failed):
        chain.append(places.parent[chain[-1]])
    return chain


def _path(origin: int, places: Layout) -> tuple[int, ...]:
    path = [origin]
    while (parent := places.parent[path[-1]]) >= 0:
        path.append(parent)
    return tuple(reversed(path))


def _has_exception(row: Row) -> bool:
    return "cause" in row.body.raw and bool(row.body.exceptions)
