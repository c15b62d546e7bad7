"""The start page, and what it can do: store the example, delete everything."""

import json
from dataclasses import asdict
from urllib.parse import urlsplit

from xray_local.api.operations.defaults import GROUP, RULE
from xray_local.errors import ApiError
from xray_local.ingest import example
from xray_local.page.frame.exchange import Page, PageRequest, Redirect
from xray_local.page.frame.formats import trace_href
from xray_local.page.start.arrivals import arrivals, verdict
from xray_local.page.start.sending import listeners, reachable, ways
from xray_local.settings import Addresses

SECTION = "/start"
REFRESH_SECONDS = 5


async def show(request: PageRequest) -> Page:
    """Show what listens where, how to send, and what has arrived."""
    addresses = _addresses(request)
    seen = arrivals(request.region)
    found = verdict(seen)
    every = ways(addresses)
    way = next((way for way in every if way.key == request.query.get("send")), every[0])
    is_live = bool(request.query.get("live"))
    listening = listeners(addresses)
    context = {
        "listeners": listening,
        "ways": [(item, request.href(send=item.key)) for item in every],
        "way": way,
        "seen": seen,
        "verdict": found,
        "is_any": bool(request.region.addresses and request.region.addresses.is_any),
        "is_live": is_live,
        "live_href": request.href(live="" if is_live else REFRESH_SECONDS),
    }
    data = {"listeners": list(map(asdict, listening)), "seen": asdict(seen), "verdict": asdict(found)}
    refresh = REFRESH_SECONDS if is_live else 0
    return Page(
        title="Start", section=SECTION, template="start/start.html", context=context, data=data, refresh=refresh
    )


async def store_example(request: PageRequest) -> Redirect:
    """Store the example with a new trace id, and show it."""
    trace_id = f"1-{int(request.now):08x}-{request.region.random.getrandbits(96):024x}"
    texts = [json.dumps(document) for document in example.documents(trace_id, request.now)]
    refused = request.region.put_segments(texts)
    if refused:
        raise ApiError("InvalidRequestException", f"the example was refused: {refused[0].message}")
    return Redirect(trace_href(trace_id))


async def confirm(request: PageRequest) -> Page:
    """Show what would be deleted."""
    store = request.region.store
    counts = {
        "traces": store.counts()["traces"],
        "groups": sum(1 for _ in store.resources(GROUP)),
        "rules": sum(1 for _ in store.resources(RULE)),
    }
    return Page(title="Clear all", section=SECTION, template="start/clear.html", context=counts, data=counts)


async def clear(request: PageRequest) -> Redirect:
    """Delete the traces, with `everything` also sampling rules, groups and settings."""
    if request.query.get("everything"):
        request.region.reset()
    else:
        request.region.clear_traces()
    return Redirect(SECTION)


def _addresses(request: PageRequest) -> Addresses:
    page = urlsplit(request.base)
    known = request.region.addresses
    if known is None:  # an application without its own process, as in tests
        known = Addresses(page.hostname or "127.0.0.1", page.port or 80, 2000, 4318, None)
    return reachable(known, page.hostname or "")
