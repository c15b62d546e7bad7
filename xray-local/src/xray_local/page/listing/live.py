"""How many traces have arrived since a page was made, as server-sent events that carry numbers only."""

import asyncio
import json
from collections.abc import AsyncIterator

from xray_local.api.filters import TraceFilter
from xray_local.api.operations import groups as group_operations
from xray_local.page.frame.exchange import PageRequest, Stream
from xray_local.page.listing import field
from xray_local.page.listing.query import read_query
from xray_local.state.indexing import catch_up
from xray_local.state.store import Store

TICK_SECONDS = 0.5
SILENT_TICKS = 30  # after which a comment keeps the connection open
ARRIVED_MAX = 200  # traces that one tick looks at


async def stream(request: PageRequest) -> Stream:
    """Report the new traces that match the query of the list, counted from the sequence number `after` on."""
    query = read_query(request.query)
    reading = field.read(query.typed, slow=0.0)
    chosen = TraceFilter(query.expression(reading), group_operations.expressions(request.region))
    return Stream(_events(request.region.store, chosen, request.number("after")))


async def _events(store: Store, chosen: TraceFilter, after: int) -> AsyncIterator[str]:
    new, silent, seen = 0, 0, store.appended_at
    yield json.dumps({"new": new, "stored": store.counts()["traces"]})
    while True:
        await asyncio.sleep(TICK_SECONDS)
        silent += 1
        if store.appended_at != seen:
            seen, silent = store.appended_at, 0
            await catch_up(store)
            after, looked_at, found = store.arrived(after, chosen, limit=ARRIVED_MAX)
            if looked_at == ARRIVED_MAX:
                seen = float("-inf")  # there may be more
            new += found
            if looked_at:
                yield json.dumps({"new": new, "stored": store.counts()["traces"]})
        elif silent == SILENT_TICKS:
            silent = 0
            yield ""
