"""How times, durations, numbers, values and links are written. Pure.

FILTERS are the functions that templates use. Nothing is escaped for HTML here: the templates do that.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from xray_local.traces.flags import flags_of_status


def duration(seconds: float | None) -> str:
    """Return seconds in the unit that keeps three digits: 412 µs, 1.24 s, 2 m 03 s."""
    if seconds is None:
        return "in progress"
    if seconds < 0.0009995:
        return f"{seconds * 1e6:.0f} µs" if seconds else "0 ms"
    if seconds < 0.9995:
        return f"{_three_digits(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{_three_digits(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} m" if hours else f"{minutes} m {rest:02} s"


def _three_digits(number: float) -> str:
    decimals = max(0, 2 - math.floor(math.log10(number)))
    text = f"{number:.{min(decimals, 2)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ago(seconds: float) -> str:
    """Return how many seconds ago in one unit; "in 5 s" for a time in the future."""
    if seconds < -1:
        return f"in {_span(-seconds)}"
    return "now" if seconds < 1 else f"{_span(seconds)} ago"


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def iso(epoch: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC with milliseconds; the number itself for a time beyond its range."""
    try:
        return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return str(epoch)


def clock(epoch: float) -> str:
    """Return the time of day: 14:03:22.123."""
    text = iso(epoch)
    return text[11:23] if text.endswith("Z") else text


def number(value: int) -> str:
    """Return a whole number with separators: 1,204."""
    return f"{value:,}"


def count(value: int, noun: str) -> str:
    """Return a number with its noun: 1 span, 1,204 spans."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def percent(share: float) -> str:
    """Return a share from 0 to 1 as a percentage of at most two decimals."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + " %"


def percent1(share: float) -> str:
    """Return a share from 0 to 1 as a percentage of at most one decimal."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def value(content: Any) -> str:
    """Return a value on one line: strings as they are, everything else as JSON."""
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)


def block(content: Any) -> str:
    """Return a value as indented JSON."""
    return json.dumps(content, ensure_ascii=False, indent=2, default=str)


def second(epoch: float) -> str:
    """Return the time of day without fractions: 14:03:22."""
    return clock(epoch).partition(".")[0]


def short_name(name: str) -> str:
    """Return the last part of a URL, such as the name of a queue; any other name as it is."""
    return name.rstrip("/").rpartition("/")[2] if "://" in name else name


def shortened(text: str, length: int = 300) -> str:
    """Return a text of at most `length` characters; a longer one is cut and ends in an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def caret(text: str, column: int) -> tuple[str, str]:
    """Return the text on one line, and a line with a caret under the 1-based column."""
    line = "".join(" " if character in "\t\r\n" else character for character in text)
    return line, " " * (max(1, min(column, len(line) + 1)) - 1) + "^"


def bar_width(share: float) -> float:
    """Return the width of a share from 0 to 1 in percent; at least 0.4, which is visible, for more than 0."""
    return round(max(0.4, min(100.0, share * 100)), 3) if share > 0 else 0.0


def whole_number(text: str) -> int | None:
    """Return the whole number, of at most eight digits, that a part of an address is."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def status_class(status: int | None) -> str:
    """Return the CSS class of an HTTP status: ok, or the most severe flag that it sets."""
    return str(next(iter(flags_of_status(status)), "ok"))


def link(path: str, /, **query: str | int) -> str:
    """Return an address with the non-empty parts of the query; an unpaired surrogate becomes a question mark."""
    text = urlencode({name: value for name, value in query.items() if value}, errors="replace")
    return f"{path}?{text}" if text else path


def filter_href(expression: str) -> str:
    """Return the address of the list of traces that match an expression."""
    return link("/", q=expression)


def trace_href(trace_id: str) -> str:
    """Return the address of the page of one trace."""
    return f"/traces/{quote(trace_id, safe='', errors='replace')}"


def split_url(url: str) -> tuple[str, str]:
    """Return the host and the path with query of a URL; what is not a URL is all path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    if not parts.netloc:
        return "", url
    path = parts.path or "/"
    return parts.netloc, f"{path}?{parts.query}" if parts.query else path


FILTERS: Mapping[str, Callable[..., Any]] = {
    "ago": ago,
    "bar_width": bar_width,
    "clock": clock,
    "count": count,
    "duration": duration,
    "iso": iso,
    "number": number,
    "percent": percent,
    "percent1": percent1,
    "second": second,
    "short_name": short_name,
    "status_class": status_class,
}
"""The filters of the templates: numbers reach a template as numbers, and it writes them with these."""
