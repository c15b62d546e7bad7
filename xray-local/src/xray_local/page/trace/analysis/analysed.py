"""A trace with all that is computed about it: once when it is first shown, and in parts when they are needed. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property

from xray_local.page.trace.analysis import calls, failure, times
from xray_local.traces.entries import Entry, inferred_service
from xray_local.traces.waterfall import Row, Waterfall


class AnalysedTrace:
    """The rows of a trace by their places, with what they say together."""

    def __init__(self, tree: Waterfall) -> None:
        self.tree = tree
        self.rows = tree.rows
        self.places = times.layout(tree.rows, tree.end)

    @cached_property
    def own(self) -> tuple[float, ...]:
        """The own time of each row in seconds."""
        return times.own_times(self.places)

    @cached_property
    def critical(self) -> Mapping[int, tuple[tuple[float, float], ...]]:
        """The rows of the critical path, each with the times when it was itself at work."""
        return times.critical_path(self.places)

    @cached_property
    def answers(self) -> Mapping[int, int]:
        """The calls that a segment answered, with its place."""
        return calls.answers(self.rows, self.places)

    @cached_property
    def failed(self) -> failure.Flags:
        """The failed rows with their flags."""
        return failure.failed_rows(self.rows)

    @cached_property
    def origins(self) -> AbstractSet[int]:
        """The rows where a failure began: with the segment that answered a call, the call."""
        begun = self._begun
        return begun | {call for call, answer in self.answers.items() if answer in begun and call in self.failed}

    @cached_property
    def _begun(self) -> AbstractSet[int]:
        return failure.origins(self.rows, self.places, self.failed)

    @cached_property
    def failure(self) -> failure.Failure | None:
        """The failure that explains that of the trace."""
        return failure.failure(self.rows, self.places, self.failed, self._begun)

    @cached_property
    def services(self) -> Mapping[str, float]:
        """The services, each with its own time in seconds.

        A call that no segment answered is time of the service that it leads to.
        """
        found: defaultdict[str, float] = defaultdict(float)
        for service, own in zip(self.at_work, self.own, strict=True):
            found[service] += own
        return found

    @cached_property
    def at_work(self) -> tuple[str, ...]:
        """The service whose work each row is: its own, or the one that its call leads to if that sent nothing."""
        names: dict[Entry, str] = {}
        found = []
        for row in self.rows:
            segment = row.entry.segment
            if segment is None or "namespace" in row.entry.body.raw:
                found.append(_service_at_work(row))
                continue
            if segment not in names:
                names[segment] = calls.service(segment)
            found.append(names[segment])
        return tuple(found)

    @property
    def spent(self) -> list[tuple[str, float]]:
        """The services and their own times in seconds, the longest first."""
        return sorted(self.services.items(), key=lambda service: -service[1])

    @cached_property
    def by_id(self) -> Mapping[str, int]:
        """The place of each id; of repeats, the first one."""
        return {row.id: place for place, row in reversed(list(enumerate(self.rows))) if row.id}

    def label(self, place: int) -> calls.Called:
        """Return what a row called."""
        return calls.called(self.rows[place])


def _service_at_work(row: Row) -> str:
    entry = row.entry
    if entry.body.raw.get("namespace") is not None and entry.is_remote and entry.is_inferred:
        return inferred_service(entry)[0] or calls.UNKNOWN
    return calls.service(entry)
