"""The one field: a trace id, an expression of the filter language, or words. Pure.

A text that is an expression is read as one. One that only a mistake keeps from being one, since it has the language's
symbols, is a mistake with its column; every other text is words.
"""

import re
from dataclasses import dataclass

from xray_local.page.frame import formats
from xray_local.page.listing.words import read_words
from xray_model.filter_expression import Expression, FilterError, parse
from xray_model.trace_id import to_xray

_XRAY_ID = re.compile(r"(?<![0-9a-f])1-[0-9a-f]{8}-[0-9a-f]{24}(?![0-9a-f])", re.IGNORECASE)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.IGNORECASE)
_W3C_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_SHORT_ID = re.compile(r"[0-9a-f]{8,24}", re.IGNORECASE)
_LANGUAGE = re.compile(
    r'["(){}\[\]]|!=|\s[<>=]|[<>=]\s|(?:^|\s)(?:CONTAINS|BEGINSWITH|ENDSWITH|AND|OR)(?:\s|$)|'
    r"(?:^|\s|!)[A-Za-z]+\.[A-Za-z.]+[=<>]"
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """An expression that is not valid: the text on one line, a caret under the column, and what was expected."""

    message: str
    column: int
    line: str
    caret: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How the field was read. `trace_id` is that of an id, in X-Ray's form; `short_id` the end of one.

    `translated` says that words became the expression, whose text is `text`.
    """

    typed: str
    expression: Expression | None = None
    text: str = ""
    translated: bool = False
    ignored: tuple[str, ...] = ()
    trace_id: str = ""
    short_id: str = ""
    mistake: Mistake | None = None


def read(typed: str, *, slow: float) -> Reading:
    """Return the reading of a text; `slow` is the duration in seconds that slow traces exceed."""
    typed = typed.strip()
    if trace_id := trace_id_in(typed):
        return Reading(typed, trace_id=trace_id)
    strict = read_expression(typed)
    is_meant = _LANGUAGE.search(typed) and not typed.startswith(("/", "http://", "https://"))
    if strict.mistake is None or is_meant:
        return strict
    words = read_words(typed, slow=slow)
    if words is None:
        return Reading(typed)
    short_id = typed if _SHORT_ID.fullmatch(typed) else ""
    return Reading(typed, words.expression, words.text, True, words.ignored, short_id=short_id.lower())


def read_expression(typed: str) -> Reading:
    """Return the reading of a text that is an expression of the filter language and nothing else."""
    typed = typed.strip()
    try:
        return Reading(typed, parse(typed), typed) if typed else Reading(typed)
    except FilterError as error:
        return Reading(typed, mistake=mistake(typed, error))


def mistake(text: str, error: FilterError) -> Mistake:
    """Return what is wrong with an expression."""
    line, caret = formats.caret(text, error.column)
    return Mistake(str(error), error.column, line, caret)


def trace_id_in(text: str) -> str:
    """Return the trace id that a text is: X-Ray's form, W3C's, a `traceparent`, an `X-Amzn-Trace-Id`; else nothing."""
    if found := _TRACEPARENT.fullmatch(text):
        return _xray(found[1])
    if _W3C_ID.fullmatch(text):
        return _xray(text)
    found = _XRAY_ID.search(text) if text.startswith(("1-", "Root=", "X-Amzn-Trace-Id")) else None
    return found[0].lower() if found else ""


def _xray(w3c: str) -> str:
    try:
        return str(to_xray(w3c.lower()))
    except ValueError:  # all zeros
        return ""
