"""Root causes of a trace: the paths that lead to a fault, to an error, or to most of the response time. Pure.

In the shapes of GetTraceSummaries (FaultRootCauses, ErrorRootCauses, ResponseTimeRootCauses). Called by `summaries`.
"""

from collections.abc import Sequence
from typing import Any

from xray_local.traces.entries import Entry

MOST_CAUSES = 10  # of each kind in one summary
SLOW_SHARE = 0.5  # a child is on the slow path when it covers this part of its parent's time


def failing(found: Sequence[Entry], flag: str, account_id: str) -> list[dict[str, Any]]:
    """Give a root cause for each deepest entry with the flag (`fault` or `error`)."""
    deepest = [entry for entry in found if entry.flag(flag) and not any(child.flag(flag) for child in entry.children)]
    return [
        {"Services": _services(path, account_id, coverage=False), "ClientImpacting": path[0].flag(flag)}
        for path in map(_path, deepest[:MOST_CAUSES])
    ]


def slow(root: Entry, account_id: str) -> list[dict[str, Any]]:
    """Give the one path along which most of the root's time went."""
    path = [root]
    while path[-1].children:
        longest = max(path[-1].children, key=lambda child: child.duration)
        if longest.duration < SLOW_SHARE * path[-1].duration or longest.duration == 0:
            break
        path.append(longest)
    return [{"Services": _services(path, account_id, coverage=True), "ClientImpacting": True}]


def _path(entry: Entry) -> list[Entry]:
    path = [entry]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    return path[::-1]


def _services(path: Sequence[Entry], account_id: str, *, coverage: bool) -> list[dict[str, Any]]:
    services: list[dict[str, Any]] = []
    for entry in path:
        if entry.is_segment or not services:
            services.append(_service(entry, account_id, inferred=False))
        services[-1]["EntityPath"].append(_entity(entry, path[0].duration if coverage else None))
    if path[-1].is_remote:
        remote = _service(path[-1], account_id, inferred=True)
        remote["EntityPath"].append(_entity(path[-1], path[0].duration if coverage else None))
        services.append(remote)
    return services


def _service(entry: Entry, account_id: str, *, inferred: bool) -> dict[str, Any]:
    return {
        "Name": entry.name,
        "Names": [entry.name],
        "Type": str(entry.body.get("origin") or ("remote" if inferred else "")),
        "AccountId": account_id,
        "EntityPath": [],
        "Inferred": inferred,
    }


def _entity(entry: Entry, whole: float | None) -> dict[str, Any]:
    entity: dict[str, Any] = {"Name": entry.name, "Remote": entry.is_remote}
    if whole is not None:
        return entity | {"Coverage": min(1.0, entry.duration / whole) if whole else 1.0}
    return entity | {
        "Exceptions": [
            {"Name": str(one.get("type", "")), "Message": str(one.get("message", ""))} for one in entry.exceptions
        ]
    }
