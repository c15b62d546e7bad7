"""A trace as Markdown, for people and for language models: what failed and why, where the time went, every row. Pure.

What was recorded is text here, too: it can neither end a cell of the table nor become HTML.
"""

from collections.abc import Iterator

from xray_local.page.frame import formats
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.header import head
from xray_local.page.trace.row.exceptions import RecordedFailure, failures

ROWS_MAX = 400
VALUE_MAX = 200
SERVICES_MAX = 10
EXCEPTIONS_MAX = 5
FRAMES_MAX = 12


def markdown(trace: AnalysedTrace, trace_id: str) -> str:
    """Return the Markdown of a trace that has at least one row."""
    return "\n".join([*_summary(trace, trace_id), "", *_table(trace), *_exceptions(trace), ""])


def _summary(trace: AnalysedTrace, trace_id: str) -> Iterator[str]:
    found = head(trace)
    request = text(f"{found.method} {found.url or found.path}".strip())
    result = "" if found.status is None else f" → {found.status}"
    state = ", still in progress" if found.in_progress else ""
    took = f"{formats.duration(found.duration)} ({formats.iso(found.start)}, trace {trace_id}{state})"
    yield f"# {request}{result} in {took}"
    yield ""
    if trace.failure is not None:
        yield _why(trace)
        yield ""
    parts = [f"{text(name)} {formats.duration(seconds)}" for name, seconds in trace.spent[:SERVICES_MAX]]
    yield f"Own time: {', '.join(parts)}"


def _why(trace: AnalysedTrace) -> str:
    """Return the sentence about the failure."""
    failure = trace.failure
    assert failure is not None
    way = " → ".join(map(text, failure.services))
    place = text(trace.label(failure.origin).text)
    what = str(failure.flag)
    if failure.exception is not None:
        first = failures(trace.rows[failure.exception].body)[0]
        where = f", raised at {text(first.raised.place)} {text(first.raised.label)}".rstrip() if first.raised else ""
        what = f"{text(first.type)} “{text(first.message)}”{where}"
    reached = "it reached the client" if failure.client else "it was handled and did not reach the client"
    return f"Failure: {what}, in {way}: {place}; {reached}"


def _table(trace: AnalysedTrace) -> Iterator[str]:
    yield "| at | took | own | service | row | status | annotations |"
    yield "|---:|---:|---:|---|---|---|---|"
    for place, row in enumerate(trace.rows[:ROWS_MAX]):
        flags = " ".join(trace.failed.get(place, ()))
        status = "" if row.body.http.status is None else str(row.body.http.status)
        pairs = ", ".join(f"{key}={formats.value(value)}" for key, value in row.body.own_annotations.items())
        cells = (
            formats.duration(max(0.0, row.start - trace.tree.start)),
            formats.duration(row.duration),
            formats.duration(trace.own[place]),
            text(trace.at_work[place]),
            f"{'· ' * min(row.depth, 20)}{text(trace.label(place).text)}",
            f"{status} {flags}".strip() + (" (it began here)" if place in trace.origins else ""),
            text(pairs),
        )
        yield f"| {' | '.join(cells)} |"
    if len(trace.rows) > ROWS_MAX:
        yield ""
        yield f"{len(trace.rows) - ROWS_MAX:,} more rows are left out."


def _exceptions(trace: AnalysedTrace) -> Iterator[str]:
    """Yield the exceptions with their frames, those of libraries only counted."""
    found = ((place, exception) for place in sorted(trace.failed) for exception in failures(trace.rows[place].body))
    for number, (place, exception) in enumerate(found):
        if number == EXCEPTIONS_MAX:
            return
        yield ""
        yield f"## {text(exception.type)} in {text(trace.label(place).text)}"
        yield ""
        yield text(exception.message)
        yield ""
        yield from _frames(exception)


def _frames(exception: RecordedFailure) -> Iterator[str]:
    own = [frame for frame in exception.frames if frame.own]
    for frame in (own or list(exception.frames))[:FRAMES_MAX]:
        yield f"- {text(frame.place)} {text(frame.label)}".rstrip()
    if own and len(own) < len(exception.frames):
        yield f"- {formats.count(len(exception.frames) - len(own), 'frame')} of libraries"
    for line in exception.stack.splitlines()[:FRAMES_MAX]:
        yield f"- {text(line)}"


def text(value: str) -> str:
    """Return recorded text on one line, of at most VALUE_MAX characters, without meaning in Markdown."""
    line = "".join(character if character.isprintable() else " " for character in value)
    if len(line) > VALUE_MAX:
        line = f"{line[:VALUE_MAX]}… ({len(line):,} characters)"
    return "".join(f"\\{character}" if character in "\\|`<[*" else character for character in line)
