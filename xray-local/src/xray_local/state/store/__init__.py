"""What is stored in SQLite: a log of accepted documents, the index of traces made from it, and resources by kind.

Ingest appends to the log and nothing else; whatever reads the traces indexes the log first, so a reader sees everything
that was acknowledged.
"""

from xray_local.state.store.batches import Refused
from xray_local.state.store.store import Store
from xray_local.state.store.summaries.overview.numbers import Cell, Group, Overview, Spread
from xray_local.state.store.summaries.overview.routes import Route
from xray_local.state.store.summaries.selection import (
    Count,
    Filter,
    Order,
    Page,
    Position,
    RangeBy,
    Selection,
    TraceRow,
)

__all__ = [
    "Cell",
    "Count",
    "Filter",
    "Group",
    "Order",
    "Overview",
    "Page",
    "Position",
    "RangeBy",
    "Refused",
    "Route",
    "Selection",
    "Spread",
    "Store",
    "TraceRow",
]
