"""The words that the field completes: how requests end, what recent traces have, and the filter language."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from xray_local.page.frame import formats
from xray_local.page.frame.exchange import PageRequest, Text
from xray_local.state.store import Selection
from xray_local.traces.summaries import TraceSummary
from xray_model.filter_expression.nodes import NUMBERS, STRINGS

TRACES = 200
"""The newest traces, whose services, paths, users and annotations are words."""

SECONDS = 0.1  # of CPU time, of looking for them
MOST = 40  # words of a kind
VALUES = 8  # of an annotation
LONGEST = 80  # characters
RESULTS = {
    "failed": "ended with a fault (5xx)",
    "error": "ended with an error (4xx)",
    "throttle": "was throttled (429)",
    "ok": "ended well",
    "slow": "above the 95th percentile",
    "partial": "in progress",
    "5xx": "any status from 500 to 599",
    "4xx": "any status from 400 to 499",
    ">500ms": "took longer",
}
OPERATORS = ("AND", "OR", "CONTAINS", "BEGINSWITH", "ENDSWITH")
FUNCTIONS = {
    'service("': "a service that took part",
    'edge("': "calls from one service to another",
    "annotation.": "an annotation",
    "rootcause.fault.exception { name": "the exception that a failure began with",
    "group.name": "the traces of a group",
}


@dataclass(frozen=True, slots=True)
class Word:
    """A word and what it is; `name` is the name that it has within quotation marks, empty for other words."""

    text: str
    note: str
    name: str = ""


async def show(request: PageRequest) -> Text:
    """Return the words as JSON."""
    found = request.region.store.cached("words", lambda: _recent(request))
    return Text(json.dumps([asdict(word) for word in found]).encode(), "application/json")


def _recent(request: PageRequest) -> tuple[Word, ...]:
    rows = request.region.store.find(Selection(0.0, float("inf")), limit=TRACES, seconds=SECONDS).rows
    return tuple(words([row.summary for row in rows]))


def words(traces: Sequence[TraceSummary]) -> Iterator[Word]:
    """Yield the words: of each kind those of the most traces first."""
    yield from (Word(text, note) for text, note in RESULTS.items())
    for name in _frequent(name for trace in traces for name in {service.name for service in trace.services}):
        yield Word(f"service={name}" if _is_word(name) else f'service("{name}")', "service", name)
    paths = (formats.split_url(trace.http.url or "")[1].partition("?")[0] for trace in traces)
    yield from (Word(path, "path") for path in _frequent(paths) if path.startswith("/"))
    users = _frequent(user.name for trace in traces for user in trace.users)
    yield from (Word(f"user={name}", "user") for name in users if _is_word(name))
    yield from _annotations(traces)
    yield from (Word(keyword, "number") for keyword in NUMBERS)
    yield from (Word(keyword, "text") for keyword in STRINGS)
    yield from (Word(operator, "operator") for operator in OPERATORS)
    yield from (Word(text, note) for text, note in FUNCTIONS.items())


def _annotations(traces: Iterable[TraceSummary]) -> Iterator[Word]:
    values: dict[str, Counter[str]] = {}
    for trace in traces:
        for found in trace.annotations:
            values.setdefault(found.key, Counter())[formats.value(found.value)] += 1
    for key in sorted(filter(_is_word, values), key=lambda key: -values[key].total())[:MOST]:
        yield Word(f"{key}=", "annotation")
        common = _frequent(values[key].elements(), VALUES)
        yield from (Word(f"{key}={value}", "annotation") for value in common if _is_word(value))


def _is_word(text: str) -> bool:
    """Return whether a text is read as one word, whatever is before it."""
    return not any(character.isspace() or character in '"(){}' for character in text)


def _frequent(texts: Iterable[str], most: int = MOST) -> Iterator[str]:
    """Yield the most frequent texts that are short enough to be shown."""
    counts = Counter(text for text in texts if text and len(text) <= LONGEST and '"' not in text)
    return (text for text, _ in counts.most_common(most))
