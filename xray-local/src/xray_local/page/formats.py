"""How times, durations, counts and values are written on the page.

`views` and `details` call it. Every function is pure; none of them escapes for HTML (the templates do).
"""

import json
import math
from datetime import UTC, datetime
from typing import Any


def duration(seconds: float | None) -> str:
    """Seconds in the unit that keeps three digits: 412 µs, 1.24 s, 2 m 03 s."""
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
    """How long ago, in one unit; a time ahead of our clock is told as such."""
    if seconds < -1:
        return f"in {_span(-seconds)}"
    return "now" if seconds < 1 else f"{_span(seconds)} ago"


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def iso(epoch: float) -> str:
    """Epoch seconds as ISO 8601 in UTC with milliseconds; an impossible time is shown as the number it is."""
    try:
        return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return str(epoch)


def clock(epoch: float) -> str:
    """Only the time of day of `iso`: 14:03:22.123."""
    text = iso(epoch)
    return text[11:23] if text.endswith("Z") else text


def count(number: int, noun: str) -> str:
    """A number with its noun: 1 span, 1,204 spans."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage of at most two decimals."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + " %"


def value(thing: Any) -> str:
    """A value as one line of text: strings as they are, everything else as JSON."""
    return thing if isinstance(thing, str) else json.dumps(thing, ensure_ascii=False, default=str)


def block(thing: Any) -> str:
    """A value as indented JSON."""
    return json.dumps(thing, ensure_ascii=False, indent=2, default=str)


def shortened(text: str, most: int = 300) -> str:
    """A text of at most that many characters; one that was longer ends in an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def caret(text: str, column: int) -> tuple[str, str]:
    """The text on one line, and a line with a caret under the 1-based column."""
    line = "".join(" " if character in "\t\r\n" else character for character in text)
    return line, " " * (max(1, min(column, len(line) + 1)) - 1) + "^"
