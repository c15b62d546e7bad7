from typing import Any

from xray_local.traces.entries import flatten
from xray_local.traces.flags import Flag
from xray_local.traces.root_causes import PATH_MAX, RootCause, failures, slowest


def chain(depth: int) -> list[dict[str, Any]]:
    """Return a segment and subsegments, each below the one before and with a fault, named by their numbers from 1."""
    members: dict[str, Any] = {"start_time": 1, "end_time": 2, "fault": True}
    below = [{"type": "subsegment", "parent_id": str(number - 1)} for number in range(2, depth + 1)]
    return [{"id": str(n), "name": str(n), **members, **more} for n, more in enumerate([{}, *below], 1)]


def names(cause: RootCause) -> list[int]:
    """Return the numbers on the path."""
    return [int(entity.name) for service in cause.services for entity in service.path]


def test_a_path_of_the_most_entities_is_complete() -> None:
    """The deepest entry is its end."""
    [cause] = failures(flatten(chain(PATH_MAX)).entries, Flag.FAULT)
    assert names(cause) == list(range(1, PATH_MAX + 1))


def test_a_longer_path_has_its_first_and_last_half() -> None:
    """So the size of a summary is limited, however deep the trace is."""
    trace = flatten(chain(1_000))
    expected = [*range(1, 51), *range(951, 1_001)]
    for cause in (*failures(trace.entries, Flag.FAULT), *slowest(trace.root)):
        assert names(cause) == expected
