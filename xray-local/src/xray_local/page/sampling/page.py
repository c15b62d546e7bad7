"""The page of the sampling rules: what decides for a request, what the clients reported, what edits would change."""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from xray_local.api.operations.sampling.rules import all_rules
from xray_local.page.frame.exchange import Answer, Page, PageRequest, Redirect
from xray_local.page.frame.formats import link
from xray_local.page.listing.query import RANGES
from xray_local.page.queries import all_items
from xray_local.page.sampling.decision import decision, verdicts
from xray_local.page.sampling.described import TYPES, DescribedRequest, described
from xray_local.page.sampling.edits import PASTED_MAX, edited
from xray_local.page.sampling.rehearsal import rehearse
from xray_local.page.sampling.rules import Reports, client_lines, rule_lines, taken_lines
from xray_local.state.region import Region
from xray_model.sampling_rule import SamplingRule

TRACES_MAX = 50
REHEARSED = 20_000  # traces, so that a rehearsal takes at most about a third of a second
RANGE = "6h"  # as far back as the reports of the clients
SUMMARIZE_SECONDS = 2.0


async def show(request: PageRequest) -> Page:
    """Show the rules in the order of evaluation, and what the address asks for besides."""
    region = request.region
    await _summarize(region)
    rules = all_rules(region)
    asked = described(request.query)
    windows = list(all_items("GetSamplingStatisticSummaries", region, "SamplingStatisticSummaries"))
    reports = Reports(windows, region.reservoirs.clients(now=request.now), region.store.traffic.by_rule())
    lines = rule_lines(rules, reports, () if asked.is_empty else verdicts(rules, asked.properties))
    context: dict[str, Any] = {
        "lines": lines,
        "asked": asked,
        "types": TYPES,
        "quantity": quantity,
        "ranges": RANGES,
        "range": request.query.get("range", RANGE),
        "edits": defaultdict(str, request.query),
        "pasted_max": PASTED_MAX,
    }
    data: dict[str, Any] = {"rules": [asdict(line) for line in lines]}
    for name, part in (
        ("decision", _decision(rules, asked)),
        ("rule", _rule(request, rules, reports)),
        ("rehearsal", _rehearsal(request, rules, reports)),
    ):
        context[name], data[name] = part, part
    return Page(title="Sampling", section="/sampling", template="sampling/rules.html", context=context, data=data)


async def moved(request: PageRequest) -> Answer:
    """Redirect from the former address."""
    return Redirect(link(f"/sampling{request.match.get('json', '')}", **request.query), permanent=True)


def quantity(value: float) -> str:
    """Return a number with three digits: 0.25, 4.9, 1,204."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


async def _summarize(region: Region) -> None:
    """Bring the summaries up to date, as far as some seconds are enough for; other requests run in between."""
    end = time.monotonic() + SUMMARIZE_SECONDS
    while region.store.work() and time.monotonic() < end:
        await asyncio.sleep(0)


def _decision(rules: Sequence[SamplingRule], asked: DescribedRequest) -> dict[str, Any] | None:
    if asked.is_empty:
        return None
    found = decision(rules, asked)
    return asdict(found) | {"share": found.share}


def _rule(request: PageRequest, rules: Sequence[SamplingRule], reports: Reports) -> dict[str, Any] | None:
    """Return the clients of the rule that the address names, and the newest traces that it took."""
    name = request.query.get("rule", "")
    if not name:
        return None
    return {
        "name": name,
        "is_known": any(rule.rule_name == name for rule in rules),
        "clients": [asdict(line) for line in client_lines(name, reports.clients, request.now)],
        "traces": [asdict(line) for line in taken_lines(request.region.store.traffic.of_rule(name, TRACES_MAX))],
        "stored": reports.traces.get(name, 0),
    }


def _rehearsal(request: PageRequest, rules: Sequence[SamplingRule], reports: Reports) -> dict[str, Any] | None:
    """Return what the edits of the address would change."""
    if "rehearse" not in request.query:
        return None
    changed = edited(rules, request.query)
    range_ = request.query.get("range", RANGE)
    seconds = RANGES.get(range_, RANGES[RANGE])[1]
    attributes = any(rule.attributes for rule in changed.rules)
    start = 0.0 if seconds is None else request.now - seconds
    found = list(request.region.store.traffic.requests(start, math.inf, attributes=attributes, limit=REHEARSED))
    rehearsed = asdict(rehearse(found, rules, changed.rules, reports.counts()))
    return rehearsed | {"problem": changed.problem, "changed": [rule.to_api() for rule in changed.rules]}
