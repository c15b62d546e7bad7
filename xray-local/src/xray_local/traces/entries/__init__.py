"""A trace as linked entries: what it consists of, what was sent twice, and what its calls lead to."""

from xray_local.traces.entries.entry import REMOTE_NAMESPACES, Entry
from xray_local.traces.entries.flattening import Trace, flatten, unlink
from xray_local.traces.entries.inferred import inferred_service

__all__ = ["REMOTE_NAMESPACES", "Entry", "Trace", "flatten", "inferred_service", "unlink"]
