"""What is stored in SQLite: a log of accepted documents, the index of traces made from it, and resources by kind.

Ingest appends to the log and nothing else; whatever reads the traces indexes the log first, so a reader sees everything
that was acknowledged.
"""

from xray_local.state.store.batches import Refused
from xray_local.state.store.store import Store
from xray_local.state.store.summaries.reader import Position
from xray_local.state.store.summaries.search import Page, TraceRow
from xray_local.state.store.summaries.selection import Filter, RangeBy, Selection
from xray_local.state.store.summaries.totals import Count

__all__ = ["Count", "Filter", "Page", "Position", "RangeBy", "Refused", "Selection", "Store", "TraceRow"]
