"""Values of many traces, kept by blocks of their sequence numbers: a change costs the smallest block that it is in."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

SIZES = (256, 2048, 16_384)
"""Sequence numbers of a block by its level: a few are read again after a change, many are added up at once."""

KEYS_MAX = 64  # whose values are kept by default
T = TypeVar("T")


class Span(NamedTuple):
    """The sequence numbers from `low` to `high`: all of a block, but for the smallest ones, of level 0."""

    low: int
    high: int
    level: int = 0

    @property
    def block(self) -> tuple[int, int]:
        """What identifies the block."""
        return self.level, self.low // SIZES[self.level]

    def parts(self) -> Iterator["Span"]:
        """Yield the blocks of the level below, the newest first; none at level 0."""
        return spans(self.low, self.high, self.level - 1) if self.level else iter(())


def spans(first: int, last: int, level: int = len(SIZES) - 1) -> Iterator[Span]:
    """Yield the largest blocks up to a level between two sequence numbers, the newest first."""
    size = SIZES[level]
    for start in range(last - last % size, first - size, -size):
        low, high = max(first, start), min(last, start + size - 1)
        if level == 0 or high - low + 1 == size:
            yield Span(low, high, level)
        else:
            yield from spans(low, high, level - 1)


class Blocks:
    """Values by key and block, until a trace of the block changes, arrives or is evicted."""

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        self._keys: OrderedDict[Hashable, dict[tuple[int, int], tuple[Span, Any]]] = OrderedDict()
        self._evicted = 0

    def values(
        self, key: Hashable, chosen: Iterable[Span], make: Callable[[Span], T], merge: Callable[[list[T]], T]
    ) -> Iterator[T]:
        """Yield the values of blocks, at first those of their parts: what is not known is made, and kept.

        What `make` raises ends it; what was made before is kept.
        """
        for span in chosen:
            known = self._keys.get(key, {})
            found = known.get(span.block)
            if found is not None and found[0] == span:
                yield found[1]
            elif span.level > 1 or any(part.block in known for part in span.parts()):
                parts: list[T] = []
                for part in self.values(key, span.parts(), make, merge):
                    parts.append(part)
                    yield part
                self._keep(key, span, merge(parts))
            else:
                made = make(span)
                self._keep(key, span, made)
                yield made

    def value(self, key: Hashable, span: Span, make: Callable[[Span], T], merge: Callable[[list[T]], T]) -> T:
        """Return the value of a block."""
        return merge(list(self.values(key, (span,), make, merge)))

    def known(self, key: Hashable, span: Span) -> Any | None:
        """Return the value of a block if it is kept."""
        found = self._keys.get(key, {}).get(span.block)
        return found[1] if found is not None and found[0] == span else None

    def _keep(self, key: Hashable, span: Span, value: Any) -> None:
        known = self._keys.setdefault(key, {})
        known[span.block] = span, value
        if span.level == 1:
            for part in span.parts():  # the many small ones would need much memory
                known.pop(part.block, None)
        self._keys.move_to_end(key)
        if len(self._keys) > self._keys_max:
            self._keys.popitem(last=False)

    def forget(self, seqs: Iterable[int]) -> None:
        """Forget the values of traces that have changed."""
        for block in {(level, seq // size) for seq in seqs for level, size in enumerate(SIZES)}:
            for values in self._keys.values():
                values.pop(block, None)

    def evict(self, first: int) -> None:
        """Forget the values of blocks that have no trace any more; `first` is the lowest sequence number."""
        if first == self._evicted:
            return
        self._evicted = first
        for values in self._keys.values():
            for block in [block for block in values if block[1] < first // SIZES[block[0]]]:
                del values[block]

    def clear(self) -> None:
        """Forget everything."""
        self._keys.clear()
