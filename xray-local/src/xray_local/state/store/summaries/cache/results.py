"""The last results of searches, until a trace changes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

RESULTS_MAX = 8
T = TypeVar("T")


class Results(Generic[T]):
    """Results of one kind by what was searched for."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """Return a result, None if there is none."""
        return self._known.get(key)

    def put(self, key: Hashable, result: T) -> None:
        """Keep a result, instead of the oldest one if there are too many."""
        self._known[key] = result
        if len(self._known) > RESULTS_MAX:
            self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
