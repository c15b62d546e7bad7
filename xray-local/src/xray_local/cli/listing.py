"""`xray-local traces`: lists traces as a table, as lines, as JSON lines, and as they arrive."""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from xray_local.cli import client
from xray_local.cli.terminal.group_table import foot, group_lines
from xray_local.cli.terminal.screen import Screen, screen
from xray_local.cli.terminal.trace_table import Table, line, short_ids
from xray_local.errors import UsageError
from xray_local.page.listing.query import GROUPINGS
from xray_model.filter_expression import FilterError, parse

AHEAD_SECONDS = 86_400  # traces from clocks that are ahead are listed as well
POLL_SECONDS = 1.0
OVERLAP_SECONDS = 2.0  # between two polls, so that no trace is missed
PARTIAL_SECONDS = 3.0  # a trace that is still incomplete after this time is shown
REMEMBERED = 20_000  # traces that are not shown twice

Summary = dict[str, Any]


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to a parser."""
    traces = commands.add_parser("traces", parents=[common], help="list traces, newest first")
    traces.add_argument("--filter", default="", help="a filter expression, such as 'fault AND duration > 1'")
    traces.add_argument("--limit", type=_limit, default=20, help="the maximum number of traces (default: 20)")
    traces.add_argument(
        "-f", "--follow", action="store_true", help="also list traces as they arrive, the last one last"
    )
    traces.add_argument("--json", action="store_true", help="print TraceSummary objects, one on a line")
    traces.add_argument("--by", metavar="WHAT", help="count them by route, service, status or annotation.KEY")
    traces.set_defaults(command=run)


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise UsageError(f"--limit: {text!r}: expected a whole number of at least 1")
    return int(text)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List traces, or count them; with `--follow` until a signal."""
    query = _filter(options.filter)
    shown = screen(sys.stdout, environ)
    return _by(options, shown) if options.by else _list(options, query, shown)


def _list(options: argparse.Namespace, query: Mapping[str, Any], shown: Screen) -> int:
    found = list(_newest(options.endpoint, query, options.limit))
    printed = _printer(shown, found, as_json=options.json)
    for summary in reversed(found) if options.follow else found:
        printed(summary)
    if options.follow:
        for summary in _arriving(options.endpoint, query, found):
            printed(summary)
    elif not found:
        print("no traces" + (" match" if options.filter else " yet"), file=sys.stderr)
    elif shown.terminal and not options.json:
        short_id = short_ids([summary["Id"] for summary in found])[found[0]["Id"]]
        print(foot(_overview(options), short_id, shown))
    return 0


def _by(options: argparse.Namespace, shown: Screen) -> int:
    """Print a line for each group of the matching traces."""
    if options.by not in GROUPINGS and not re.fullmatch(r"annotation\..+", options.by):
        raise UsageError(f"--by: {options.by!r}: expected {', '.join(GROUPINGS)} or annotation.KEY")
    groups = _overview(options)["groups"]
    if options.json:
        lines: Iterable[str] = map(json.dumps, groups)
    else:
        lines = group_lines(groups, shown, options.by)
    for text in lines:
        print(text)
    return 0


def _overview(options: argparse.Namespace) -> dict[str, Any]:
    """Return the numbers of the matching traces, as the page computes them."""
    query = urlencode({"filter": options.filter, "by": options.by or "route"})
    overview: dict[str, Any] = client.get(options.endpoint, f"traces.json?{query}")["overview"]
    return overview


def _filter(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        parse(text)
    except FilterError as error:
        raise UsageError(f"--filter: {error}") from error
    return {"FilterExpression": text}


def _newest(endpoint: str, query: Mapping[str, Any], limit: int) -> Iterator[Summary]:
    """Yield summaries from the newest on."""
    request = {"StartTime": 0, "EndTime": time.time() + AHEAD_SECONDS, **query}
    while limit > 0:
        answer = client.call(endpoint, "TraceSummaries", request)
        yield from answer["TraceSummaries"][:limit]
        limit -= len(answer["TraceSummaries"])
        if not answer.get("NextToken"):
            return
        request["NextToken"] = answer["NextToken"]


def _printer(shown: Screen, first: Iterable[Summary], *, as_json: bool) -> Callable[[Summary], None]:
    """Return what prints a summary in the form that is asked for; a table has its head first."""
    if as_json:
        return lambda summary: print(json.dumps(summary), flush=True)
    if not shown.terminal:
        return lambda summary: print(line(summary), flush=True)
    table, ids = Table(shown), short_ids([summary["Id"] for summary in first])
    print(table.head())

    def row(summary: Summary) -> None:
        for text in table.rows(summary, ids.get(summary["Id"]) or short_ids([summary["Id"]])[summary["Id"]]):
            print(text, flush=True)

    return row


def _arriving(endpoint: str, query: Mapping[str, Any], known: Iterable[Summary]) -> Iterator[Summary]:
    """Yield each trace that arrives once."""
    arrivals = Arrivals(summary["Id"] for summary in known)
    since = time.time() - OVERLAP_SECONDS
    while True:
        request = {"StartTime": since, "EndTime": since + AHEAD_SECONDS, "TimeRangeType": "Event", **query}
        polled, since = _all(endpoint, request)
        since -= OVERLAP_SECONDS
        yield from arrivals.shown(polled, time.monotonic())
        time.sleep(POLL_SECONDS)


def _all(endpoint: str, request: dict[str, Any]) -> tuple[list[Summary], float]:
    """Return all summaries of a request, and the server's time before the first response."""
    answer = client.call(endpoint, "TraceSummaries", request)
    found, now = answer["TraceSummaries"], float(answer["ApproximateTime"])
    while answer.get("NextToken"):
        answer = client.call(endpoint, "TraceSummaries", request | {"NextToken": answer["NextToken"]})
        found += answer["TraceSummaries"]
    return found, now


class Arrivals:
    """Which of the polled traces to show: each once, when it is complete or has been incomplete for PARTIAL_SECONDS."""

    def __init__(self, known: Iterable[str]) -> None:
        self._shown = dict.fromkeys(known)
        self._partial: dict[str, tuple[float, Summary]] = {}

    def shown(self, polled: Iterable[Summary], now: float) -> list[Summary]:
        """Return the traces to show after a poll, the earliest first; `now` is in seconds of any clock."""
        found: list[Summary] = []
        for summary in polled:
            id_ = summary["Id"]
            if id_ not in self._shown:
                since, _ = self._partial.get(id_, (now, None))
                self._partial[id_] = since, summary
        for id_, (since, summary) in list(self._partial.items()):
            if not summary.get("IsPartial") or now - since >= PARTIAL_SECONDS:
                found.append(self._partial.pop(id_)[1])
                self._shown[id_] = None
        for id_ in list(self._shown)[:-REMEMBERED]:
            del self._shown[id_]
        return sorted(found, key=lambda summary: summary["StartTime"])
