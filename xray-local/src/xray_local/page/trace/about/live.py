"""When documents of a trace arrive, as server-sent events that carry no text of it."""

import asyncio
import json
from collections.abc import AsyncIterator

from xray_local.page.frame.exchange import Answer, PageRequest, Stream, missing
from xray_local.page.trace.sources import xray_id
from xray_local.state.store import Store

TICK_SECONDS = 0.5
SILENT_TICKS = 30  # after which a comment keeps the connection open
YOUNG_SECONDS = 60.0
"""Documents are expected for so long after the start of a trace."""

OPEN_SECONDS = 3_600.0
"""The same for a trace with a row that has not ended."""


async def stream(request: PageRequest) -> Answer:
    """Report each change of a trace that is not the revision `after`."""
    trace_id = xray_id(request.match["trace_id"])
    if not (trace_id and request.region.store.revision(trace_id)):
        return missing(f"Trace {request.match['trace_id']} is not stored.")
    return Stream(_events(request.region.store, trace_id, request.query.get("after", "")))


async def _events(store: Store, trace_id: str, after: str) -> AsyncIterator[str]:
    seen, silent = float("-inf"), 0
    while True:
        revision = after
        if store.appended_at != seen:
            seen = store.appended_at
            revision = store.revision(trace_id)
        if revision != after:
            after, silent = revision, 0
            yield json.dumps({"revision": revision})
        elif silent == SILENT_TICKS:
            silent = 0
            yield ""
        await asyncio.sleep(TICK_SECONDS)
        silent += 1


def may_grow(age: float, in_progress: bool) -> bool:
    """Return whether more documents are expected of a trace that started some seconds ago."""
    return age < (OPEN_SECONDS if in_progress else YOUNG_SECONDS)
