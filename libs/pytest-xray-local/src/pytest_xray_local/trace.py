"""A trace as a tree of entries, and how it differs from an expected tree. Pure."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_xray_local.expected import Expected

INDENT = "  "
MISSING = "(none)"
STARTS_A_SERVICE = frozenset({"segment", "server span", "consumer span"})
"""Kinds of entries whose parent may be in another process."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment, subsegment or span with what is nested in it, in the order of starts.

    `wires` are those by which it arrived: "segments", "otlp". `start` is in epoch seconds, `duration` in seconds and
    None while it is in progress. `document` is all of it, in the form of a segment document.
    """

    name: str
    id: str
    parent_id: str | None
    kind: str
    wires: tuple[str, ...]
    start: float
    duration: float | None
    status: int | None
    marks: tuple[str, ...]
    document: Mapping[str, Any]
    children: tuple["Entry", ...]

    @property
    def fault(self) -> bool:
        """Whether it failed with an exception or a 5xx."""
        return "fault" in self.marks

    @property
    def error(self) -> bool:
        """Whether it failed with a 4xx."""
        return "error" in self.marks

    @property
    def throttle(self) -> bool:
        """Whether it was throttled, a 429."""
        return "throttle" in self.marks

    @property
    def annotations(self) -> Mapping[str, Any]:
        """The annotations; of a span without a list of them, its attributes too."""
        return dict(self.document.get("annotations", {}))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata by namespace."""
        return dict(self.document.get("metadata", {}))

    def walk(self) -> Iterator["Entry"]:
        """Yield it and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A trace; `id` has X-Ray's form. `trace == entry(...)` compares its tree, `trace["name"]` is one entry."""

    id: str
    roots: tuple[Entry, ...]

    @property
    def root(self) -> Entry:
        """The only root; AssertionError if there are more."""
        assert len(self.roots) == 1, f"expected one root:\n{self}"
        return self.roots[0]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, each before those below it."""
        return tuple(found for root in self.roots for found in root.walk())

    def __getitem__(self, name: str) -> Entry:
        """Return the only entry of that name."""
        found = [candidate for candidate in self.entries if candidate.name == name]
        if len(found) != 1:
            raise LookupError(f"expected one entry {name!r}, found {len(found)}:\n{self}")
        return found[0]

    def __eq__(self, other: object) -> bool:
        """Compare with another trace's id, or with an expected tree."""
        if isinstance(other, Expected):
            return not self.differences(other)
        return self.id == other.id if isinstance(other, Trace) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        lines = [INDENT + line for root in self.roots for line in _drawn(root)]
        return "\n".join([f"trace {self.id}", *lines])

    def differences(self, expected: Expected) -> list[str]:
        """Return both trees as one diff, `-` for what is expected and `+` for what was recorded; empty if equal."""
        wanted = list(_wanted(expected))
        recorded = [line for root in _by_name(self.roots) for line in _recorded(root, _of_name(expected, root))]
        return [] if wanted == recorded else [line for line in difflib.ndiff(wanted, recorded) if line[0] != "?"]

    def incomplete(self, wires: Iterable[str] = ()) -> list[str]:
        """Return why it is not complete, each reason as a line; empty if it is."""
        reasons = [f"{found.name} is in progress" for found in self.entries if found.duration is None]
        orphans = [root for root in self.roots if root.parent_id and root.kind not in STARTS_A_SERVICE]
        reasons += [f"the parent of {root.name} is missing" for root in orphans]
        for found in self.entries:
            reasons += [f"{found.name} did not arrive by {wire}" for wire in wires if wire not in found.wires]
        return reasons


def trace_of(id_: str, rows: Sequence[Mapping[str, Any]]) -> Trace:
    """Return the trace of xray-local's rows, which have a depth each, children after their parent."""
    below: defaultdict[int, list[Entry]] = defaultdict(list)
    for row in reversed(rows):  # so that an entry's children are there before it
        depth = row["depth"]
        below[depth].append(_entry(row, tuple(reversed(below.pop(depth + 1, [])))))
    return Trace(id_, tuple(reversed(below[0])))


def _entry(row: Mapping[str, Any], children: tuple[Entry, ...]) -> Entry:
    return Entry(
        name=row["name"],
        id=row["id"],
        parent_id=row["parent_id"],
        kind=row["kind"],
        wires=tuple(row["wires"]),
        start=row["start"],
        duration=row["duration"],
        status=row["status"],
        marks=tuple(row["marks"]),
        document=row["body"],
        children=children,
    )


def _drawn(found: Entry, depth: int = 0) -> Iterator[str]:
    """Yield an entry and all below it as lines, with what matters to a reader."""
    attributes = found.metadata.get("otel", {}).get("attributes", {})
    pairs = {f"annotations.{key}": value for key, value in found.annotations.items() if key not in attributes}
    shown = {"status": found.status} if found.status is not None else {}
    shown |= dict.fromkeys(found.marks, True) | ({"duration": None} if found.duration is None else {}) | pairs
    yield _line(depth, found.name, shown) + f"  ({found.kind}, {' and '.join(found.wires)})"
    for child in found.children:
        yield from _drawn(child, depth + 1)


def _wanted(expected: Expected, depth: int = 0) -> Iterator[str]:
    pairs = {f"annotations.{key}": value for key, value in expected.annotations.items()}
    yield _line(depth, expected.name, {**expected.properties, **pairs})
    for child in sorted(expected.children, key=lambda child: child.name):
        yield from _wanted(child, depth + 1)


def _recorded(found: Entry, expected: Expected | None, depth: int = 0) -> Iterator[str]:
    """Yield the lines of an entry, with those properties that the expected one names."""
    names = expected.properties if expected else ()
    pairs = {name: getattr(found, name) for name in names}
    for key in expected.annotations if expected else ():
        pairs[f"annotations.{key}"] = found.annotations.get(key, MISSING)
    yield _line(depth, found.name, pairs)
    waiting: defaultdict[str, list[Expected]] = defaultdict(list)
    for child in expected.children if expected else ():
        waiting[child.name].append(child)
    for below in _by_name(found.children):
        same = waiting[below.name]
        yield from _recorded(below, same.pop(0) if same else None, depth + 1)


def _by_name(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda found: found.name)


def _of_name(expected: Expected, root: Entry) -> Expected | None:
    return expected if expected.name == root.name else None


def _line(depth: int, name: str, pairs: Mapping[str, Any]) -> str:
    shown = [f"{key}={value if value is MISSING else repr(value)}" for key, value in pairs.items()]
    return "  ".join([INDENT * depth + name, *shown])
