"""Words of the field as terms of the filter language: ids, paths, statuses, durations, `user=bob`, names. Pure.

Every text has a reading: a word that is nothing else is looked for in URLs, names of services and users.
"""

import re
from dataclasses import dataclass

from xray_model.filter_expression import Expression, to_text
from xray_model.filter_expression.nodes import (
    NUMBERS,
    STRINGS,
    And,
    Annotation,
    Compare,
    Flag,
    Identity,
    Not,
    Or,
    RootCause,
    Service,
)

WORDS_MAX = 8  # further words are not read: the filter language has a limit
WORD_MAX = 200  # characters
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
FLAGS = {
    "failed": "fault",
    "failing": "fault",
    "failure": "fault",
    "failures": "fault",
    "faults": "fault",
    "errors": "error",
    "throttled": "throttle",
    "throttles": "throttle",
    "unfinished": "partial",
}
"""Words for the flags of the filter language, which has the flags themselves."""

KEYS = {"status": "http.status", "method": "http.method", "url": "http.url", "path": "http.url", "ip": "http.clientip"}
"""Short keys of `key=value`; any other one is an annotation."""

_STATUS = re.compile(r"[1-5]\d\d", re.ASCII)
_STATUS_CLASS = re.compile(r"([1-5])xx", re.ASCII | re.IGNORECASE)
_DURATION = re.compile(r"(<=?|>=?)(\d+(?:\.\d+)?)(µs|us|ms|s|m)?", re.ASCII)
_UNITS = {"µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_PAIR = re.compile(r"([A-Za-z_][\w.\-]*)[=:](?!//)(.+)", re.ASCII | re.DOTALL)
_EXCEPTION = re.compile(r"[\w.]*[A-Z]\w*(?:Error|Exception|Timeout|NotFound|Exceeded|Denied)", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """How some words were read; `ignored` are those after WORDS_MAX."""

    expression: Expression
    ignored: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The expression in the filter language."""
        return to_text(self.expression)


def read_words(text: str, *, slow: float) -> Words | None:
    """Return the reading of words, None if there are none; `slow` is the duration that slow traces exceed."""
    words = text.split()
    terms = [_term(word[:WORD_MAX], slow) for word in words[:WORDS_MAX]]
    if not terms:
        return None
    expression = terms[0] if len(terms) == 1 else And(tuple(terms))
    return Words(expression, tuple(words[WORDS_MAX:]))


def _term(word: str, slow: float) -> Expression:
    if word[0] == "-" and len(word) > 1 and not _NUMBER.fullmatch(word):
        return Not(_term(word[1:], slow))
    if word.startswith("/") or "://" in word:
        return Compare("http.url", "CONTAINS", word)
    return _result(word, slow) or _pair(word) or _name(word)


def _result(word: str, slow: float) -> Expression | None:
    """Return the term of a word for how a request ended or what it took."""
    lower = word.lower()
    if lower == "slow":
        return Compare("duration", ">", slow)
    if lower in FLAGS or lower in FLAGS.values() or lower == "ok":
        return Flag(FLAGS.get(lower, lower))
    if _STATUS.fullmatch(word):
        return Compare("http.status", "=", int(word))
    if found := _STATUS_CLASS.fullmatch(word):
        low = int(found[1]) * 100
        return And((Compare("http.status", ">=", low), Compare("http.status", "<", low + 100)))
    if found := _DURATION.fullmatch(word):
        seconds = float(found[2]) * _UNITS[found[3] or "s"]
        return Compare("responsetime", found[1], float(f"{seconds:.9g}"))
    return Compare("http.method", "=", word) if word in METHODS else None


def _pair(word: str) -> Expression | None:
    """Return the term of `key=value` or `key:value`."""
    found = _PAIR.fullmatch(word)
    if found is None:
        return None
    key, value = KEYS.get(found[1].lower(), found[1]), found[2]
    if key == "service":
        return Service(Identity(name=value))
    if key == "http.url":
        return Compare(key, "CONTAINS", value)
    number = _number(value)
    if key.lower() in NUMBERS and number is not None:
        return Compare(key.lower(), "=", number)
    if key.lower() in STRINGS:
        return Compare(key.lower(), "=", value)
    key = key.removeprefix("annotation.")
    as_text = Annotation(key, "=", value)
    if value in {"true", "false"}:
        return Or((as_text, Annotation(key, "=", value == "true")))
    return as_text if number is None else Or((as_text, Annotation(key, "=", number)))


def _number(text: str) -> int | float | None:
    if not _NUMBER.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def _name(word: str) -> Expression:
    if _EXCEPTION.fullmatch(word):
        # Only failed traces have a root cause: the flag is a column, and selects those that are evaluated.
        return And((Flag("fault"), RootCause("fault", "exception", Compare("name", "CONTAINS", word))))
    contains = (Compare(keyword, "CONTAINS", word) for keyword in ("http.url", "name", "user"))
    return Or(tuple(contains))
