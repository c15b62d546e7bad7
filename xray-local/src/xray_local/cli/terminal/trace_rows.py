"""Which rows of a trace a terminal shows, in which order and how far indented. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xray_local.page.trace.analysis.analysed import AnalysedTrace


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row by its place in the trace; `answer` is the segment that answered the call and is shown with it.

    `guide` are the lines of the tree in front of it.
    """

    place: int
    answer: int | None
    guide: str

    @property
    def at_work(self) -> int:
        """The place of the row that did the work: the answer, if there is one."""
        return self.place if self.answer is None else self.answer


def shown_rows(trace: AnalysedTrace, *, everything: bool, errors: bool, indent_max: int) -> tuple[ShownRow, ...]:
    """Return the rows to show: calls with their answers, unless `everything`; with `errors` only what failed."""
    answers = {} if everything else trace.answers
    folded = set(answers.values())
    wanted = _failed(trace) if errors else range(len(trace.rows))
    places = [place for place in wanted if place not in folded]
    depths = _depths(trace, folded)
    guides = _guides([depths[place] for place in places], indent_max)
    return tuple(ShownRow(place, answers.get(place), guide) for place, guide in zip(places, guides, strict=True))


def _failed(trace: AnalysedTrace) -> Sequence[int]:
    """Return the rows that failed and those above them."""
    found: set[int] = set()
    for failed in trace.failed:
        place = failed
        while place >= 0 and place not in found:
            found.add(place)
            place = trace.places.parent[place]
    return sorted(found)


def _depths(trace: AnalysedTrace, folded: set[int]) -> list[int]:
    """Return the depth of each row, where an answer has that of its call."""
    depths: list[int] = []
    for place, parent in enumerate(trace.places.parent):
        depths.append(depths[parent] + (place not in folded) if parent >= 0 else 0)
    return depths


def _guides(depths: Sequence[int], indent_max: int) -> Iterator[str]:
    """Yield the lines of the tree for rows of these depths; deeper ones have their depth as a number."""
    found: list[str] = []
    later: set[int] = set()  # the depths of which there is a row below, before the tree ends
    for depth in reversed(depths):
        level = min(depth, indent_max)
        lines = ["│ " if place in later else "  " for place in range(1, level)]
        own = ["├ " if depth in later else "└ "] if depth else []
        found.append("".join([*lines, *own]) + (f"{depth}· " if depth > indent_max else ""))
        later = {place for place in later if place < depth} | {depth}
    return reversed(found)
