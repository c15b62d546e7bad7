"""Fixtures and functions for stores."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.xray_local.samples import NOW
from xray_local.state.store import RangeBy, Selection, Store, TraceRow

Opener = Callable[..., Store]
EXPECTED = "expected a writable file, or :memory:"


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open stores, which the fixture closes."""
    with ExitStack() as cleanup:

        def opener(*path: str, max_traces: int = 1000, max_bytes: int | None = None) -> Store:
            store = Store(*path, max_traces=max_traces, max_bytes=max_bytes)
            cleanup.callback(store.close)
            return store

        yield opener


def listed(store: Store, start: float = 0.0, end: float = NOW * 2, by: RangeBy = "start") -> list[TraceRow]:
    return store.find(Selection(start, end, by)).rows


def ids(store: Store, start: float = 0.0, end: float = NOW * 2, by: RangeBy = "start") -> list[str]:
    return [row.summary.id for row in listed(store, start, end, by)]
