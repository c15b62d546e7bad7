"""The pages of xray-local: their bytes and elements, and CPU milliseconds of the server, with many traces and rows.

Lists have the traffic of a shop: the first read, after all of it was summarized and counted, and the second one. A
trace has segments of many subsegments, and is read as soon as it is stored. The elements are the tags of the HTML,
without a browser.
"""

import gzip
import json
import statistics
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

from bench import table
from bench.xray_local.queries import Client, serving, wait_until_summarized
from tools.browser import shop

ROWS = (100, 1_000, 10_000)
FIRST_MS = 150.0  # of CPU for the first read of a list or a trace
BUDGET_MS = 50.0  # of CPU for the second read of a list
WINDOW_BYTES = 130_000  # of a window of a trace
ELEMENTS = 4_000
SUBSEGMENTS = 500  # of a segment, because of X-Ray's limit
LISTS = {
    "traces": "/",
    "traces that failed": "/?q=fault",
    "traces by service": "/?by=service",
    "traces by status": "/?by=status",
    "traces by an annotation": "/?by=annotation.user",
    "slowest traces": "/?sort=-duration",
    "traces with a word": "/?q=payments",
    "services": "/services",
    "groups": "/groups",
}
"""Addresses by name; the budget is theirs."""


class _Elements(HTMLParser):
    """Counts the elements of a page."""

    number = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.number += 1


def run(traces: int, say: Callable[[str], None]) -> list[str]:
    """Measure, print the tables, and return the budgets that were exceeded."""
    with serving(_warm_up) as client:
        say(f"pages: storing {traces:,} traces of a shop")
        shop.send(f"http://127.0.0.1:{client.port}", time.time(), traces, spread=5_400.0)
        wait_until_summarized(client, say)
        rows, broken = [], []
        for name, path in LISTS.items():
            rows.append(_measured(client, name, path))
            if float(rows[-1][-1]) > BUDGET_MS:
                broken.append(f"pages: {name}: {rows[-1][-1]} ms, promised {BUDGET_MS:.0f}")
        for number in ROWS:
            name, path = f"a trace of {number:,} rows", _big_trace(client, number)
            rows.append(_measured(client, name, path))
            if int(rows[-1][1].replace(",", "")) > WINDOW_BYTES or int(rows[-1][3].replace(",", "")) > ELEMENTS:
                promised = f"promised {WINDOW_BYTES:,} bytes and {ELEMENTS:,} elements"
                broken.append(f"pages: {name}: {rows[-1][1]} bytes, {rows[-1][3]} elements, {promised}")
        late = [row for row in rows if float(row[-2]) > FIRST_MS]
        broken += [f"pages: {row[0]}: {row[-2]} ms at first, promised {FIRST_MS:.0f}" for row in late]
    header = ["page", "bytes", "bytes, gzip", "elements", "first read, CPU ms", "second"]
    print(table.markdown(header, rows))
    return broken


def _warm_up(client: Client) -> None:
    for path in (*LISTS.values(), _big_trace(client, 1)):
        client.request("GET", path)


def _measured(client: Client, name: str, path: str) -> list[str]:
    first = client.cpu_ms("GET", path)
    again = statistics.median(client.cpu_ms("GET", path) for _ in range(3))
    body = client.request("GET", path)
    elements = _Elements()
    elements.feed(body.decode())
    sizes = [f"{size:,}" for size in (len(body), len(gzip.compress(body, 5)), elements.number)]
    return [name, *sizes, f"{first:.0f}", f"{again:.0f}"]


def _big_trace(client: Client, rows: int) -> str:
    """Store a trace with a number of rows and return its address."""
    trace_id = f"1-{int(time.time()):08x}-{rows:024x}"
    for segment in _segments(trace_id, time.time(), rows):
        client.put([json.dumps(segment)])
    return f"/traces/{trace_id}"


def _segments(trace_id: str, now: float, rows: int) -> Iterator[dict[str, Any]]:
    parts = -(-rows // SUBSEGMENTS)
    for part in range(parts):
        first = part * SUBSEGMENTS
        nested = [
            {"id": f"{first + number + 1:016x}", "name": "step", "start_time": now, "end_time": now + 0.001 * number}
            for number in range(min(SUBSEGMENTS, rows - first) - 1)
        ]
        times = {"start_time": now, "end_time": now + 1}
        yield {"trace_id": trace_id, "id": f"{2**60 + part:016x}", "name": "batch", **times, "subsegments": nested}
