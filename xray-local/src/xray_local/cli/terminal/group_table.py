"""Traces by what they have in common, and all of them together, in numbers."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from xray_local.cli.terminal.screen import Screen, Style, cut, padded, printable
from xray_local.page.frame import formats

COLUMNS = ("TRACES", "FAULTS", "P50", "P95")
WIDTH = 9


def group_lines(groups: Iterable[Mapping[str, Any]], screen: Screen, title: str) -> Iterator[str]:
    """Yield a line for each group of the list's JSON, below the titles; names are cut in a terminal only."""
    yield screen.style(_joined(*COLUMNS, title.upper()), Style.QUIET)
    for group in groups:
        faults = padded(formats.percent(round(group["faults"] / group["count"], 3)), WIDTH, right=True)
        name = printable(_name(group))
        name = cut(name, screen.width - 4 * (WIDTH + 1)) if screen.terminal else name
        parts = [
            padded(formats.number(group["count"]), WIDTH, right=True),
            screen.style(faults, Style.FAULT if group["faults"] else Style.QUIET),
            padded(formats.duration(group["p50"]), WIDTH, right=True),
            padded(formats.duration(group["p95"]), WIDTH, right=True),
            screen.style(name, Style.BOLD),
        ]
        yield " ".join(parts)


def foot(overview: Mapping[str, Any], short_id: str, screen: Screen) -> str:
    """Return a line on all matching traces: how many, what they took, how many failed, and how to see one."""
    parts = [
        formats.count(overview["count"], "trace"),
        *(f"{name} {formats.duration(overview[name])}" for name in ("p50", "p95")),
        f"{formats.percent(round(overview['faults'] / max(1, overview['count']), 3))} failed",
        "times in UTC",
        f"xray-local show {short_id}",
    ]
    return screen.style(cut(" · ".join(parts), screen.width), Style.QUIET)


def _name(group: Mapping[str, Any]) -> str:
    """Return the name of a group: a route, or a value as JSON, of which a text is shown without quotes."""
    if "path" in group:
        return f"{group['method']} {group['path']}".strip()
    name = str(group["name"])
    try:
        return formats.value(json.loads(name))
    except ValueError:
        return name


def _joined(traces: str, faults: str, p50: str, p95: str, name: str) -> str:
    numbers = (padded(text, WIDTH, right=True) for text in (traces, faults, p50, p95))
    return " ".join([*numbers, name])
