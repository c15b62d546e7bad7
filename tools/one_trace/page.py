"""The recorded run as a page of Markdown. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tools.one_trace.environment import APP, COMMAND, OURS, STOCK
from tools.one_trace.recording import PATHS, Recorded

HOME = PATHS[0]
HEAD = """\
# One request, one trace

A recorded run of `make one-trace`: the app of the AWS Cloud Project Bootcamp, which starts OpenTelemetry and the X-Ray
SDK side by side, before and after `cruddur-tracing` is installed. Nothing else changes: the app, the command and the
variables are the same. Both runs send one request to each of three routes, and every request is sampled. xray-local
stands in for X-Ray and Honeycomb.

## The app

[The whole file](../tools/one_trace/bootcamp/app.py). Its start:
"""
BEFORE = "The stock packages, in a new virtual environment:\n"
BEFORE_MEANS = """\
Each request is two traces with two ids, and neither has what the other API wrote. In the second and third request the
handler's `begin_segment` also replaces the segment of `XRayMiddleware`: X-Ray has neither the method and the URL nor
the `capture` around it.
"""
AFTER = "In the same virtual environment:\n"
AFTER_MEANS = "Each request is one trace. Every entry is on both wires, with the same id and in the same place:\n"


def written(before: Recorded, after: Recorded) -> str:
    """Return the page; its pictures are in images/."""
    parts = [HEAD, _fence("python", app_start()), "## Before\n", BEFORE, _fence("console", _console(STOCK, before))]
    parts += [request_table(before), BEFORE_MEANS, _picture("before", "Six traces of three requests")]
    parts += list(_both_wires(before))
    parts += ["## After\n", AFTER, _fence("console", _console(OURS, after)), request_table(after), AFTER_MEANS]
    parts += [entry_table(after), _picture("after", "One trace, each row by X-Ray and OpenTelemetry")]
    parts += list(_both_wires(after))
    return "\n".join(parts).strip() + "\n"


def app_start() -> str:
    """Return what the app does before its first route, without the comments for type checkers."""
    text = (APP / "app.py").read_text()
    return re.sub(r"  # type: ignore.*", "", text[text.index("provider = ") :].partition("\n\n\n")[0])


def request_table(recorded: Recorded) -> str:
    """Return for each request the number of its traces and what each wire has of it."""
    rows = []
    for path in PATHS:
        entries = recorded.entries(path)
        traces = len({entry.trace_id for wire in entries.values() for entry in wire})
        names = [", ".join(sorted(entry.name for entry in entries[wire])) or "nothing" for wire in ("segments", "otlp")]
        rows.append((f"`{path}`", str(traces), *names))
    return _table(("request", "traces", "in X-Ray's segments", "in OpenTelemetry's spans"), rows)


def entry_table(recorded: Recorded) -> str:
    """Return the entries of each request by their nesting, and whether both wires have each with the same ids."""
    rows = []
    for path in PATHS:
        entries = recorded.entries(path)
        spans = {entry.id: entry for entry in entries["otlp"]}
        depths: dict[str | None, int] = {None: -1}
        for entry in entries["segments"]:
            depths[entry.id] = depths[entry.parent] + 1
            span = spans.get(entry.id)
            same = span is not None and (span.trace_id, span.parent) == (entry.trace_id, entry.parent)
            name = "&emsp;" * depths[entry.id] + entry.name
            rows.append((name, span.name if span else "none", "yes" if same else "no"))
    return _table(("X-Ray's (sub)segment", "OpenTelemetry's span", "same id, parent and trace"), rows)


def _console(packages: Sequence[str], recorded: Recorded) -> str:
    lines = [" \\\n    ".join(["$ uv pip install", *packages])]
    lines += [f"$ {COMMAND} --bind {recorded.url.removeprefix('http://')} app:app &"]
    lines += [f"$ curl {recorded.url}{path}" for path in PATHS]
    lines += ["$ xray-local traces", recorded.listed]
    for trace_id, shown in recorded.shown.items():
        lines += [f"$ xray-local show {trace_id}", shown]
    return "\n".join(lines)


def _both_wires(recorded: Recorded) -> Iterator[str]:
    """Yield what was sent for the home request, as JSON."""
    yield from _details("The home request as X-Ray's segment document (UDP)", recorded.segments(HOME))
    yield from _details("The home request as OpenTelemetry's spans (OTLP)", recorded.spans(HOME))


def _details(title: str, documents: Sequence[dict[str, Any]]) -> Iterator[str]:
    text = "\n".join(json.dumps(document, indent=2, ensure_ascii=False) for document in documents)
    yield f"<details><summary>{title}</summary>\n"
    yield _fence("json", text)
    yield "</details>\n"


def _picture(name: str, alt: str) -> str:
    return f"""\
<picture>
  <source media="(prefers-color-scheme: dark)" srcset="images/one-trace-{name}-dark.png">
  <img alt="{alt}" src="images/one-trace-{name}-light.png">
</picture>
"""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```\n"
