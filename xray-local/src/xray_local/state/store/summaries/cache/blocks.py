"""Values of many traces, kept by blocks of their sequence numbers: a change costs the block that it is in."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from typing import Any, NamedTuple

SIZE = 2048  # sequence numbers of a block: fewer to add up, or less to read again when a trace changes
KEYS_MAX = 64  # whose values are kept by default


class Span(NamedTuple):
    """The sequence numbers from `low` to `high` that a block has now."""

    low: int
    high: int

    @property
    def is_full(self) -> bool:
        """Whether no more traces will arrive in the block."""
        return (self.high + 1) % SIZE == 0


def spans(first: int, last: int) -> Iterator[Span]:
    """Yield the blocks between two sequence numbers; none if the first one is higher."""
    for start in range(first - first % SIZE, last + 1, SIZE):
        yield Span(max(first, start), min(last, start + SIZE - 1))


class Blocks:
    """Values by key and block, until a trace of the block changes, arrives or is evicted."""

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        self._keys: OrderedDict[Hashable, dict[int, tuple[Span, Any]]] = OrderedDict()

    def get(self, key: Hashable, span: Span) -> Any | None:
        """Return a value, None if there is none of just these traces."""
        known = self._keys.get(key, {}).get(span.low // SIZE)
        return known[1] if known is not None and known[0] == span else None

    def put(self, key: Hashable, span: Span, value: Any) -> None:
        """Keep a value."""
        self._keys.setdefault(key, {})[span.low // SIZE] = span, value
        self._keys.move_to_end(key)
        if len(self._keys) > self._keys_max:
            self._keys.popitem(last=False)

    def forget(self, seqs: Iterable[int]) -> None:
        """Forget the values of traces that have changed."""
        for block in {seq // SIZE for seq in seqs}:
            for values in self._keys.values():
                values.pop(block, None)

    def evict(self, first: int) -> None:
        """Forget the values of blocks that have no trace any more; `first` is the lowest sequence number."""
        for values in self._keys.values():
            for block in [block for block in values if block < first // SIZE]:
                del values[block]

    def clear(self) -> None:
        """Forget everything."""
        self._keys.clear()
