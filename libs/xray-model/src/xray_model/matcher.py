"""Sampling rules compiled for many requests: the same result as `matching`, by one regular expression for all rules.

The expression is for ASCII texts in lower case. A request with another text, or with a `*` or a NUL in one, takes the
path of `matching`, which decides the same. It cannot backtrack exponentially.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final, Generic, TypeVar

from xray_model.matching import RequestProperties, attribute_mismatch, mismatch
from xray_model.sampling_rule import SamplingRule

T = TypeVar("T")

# In the order of the text that the expression matches: what differs most between requests is first.
_PROPERTIES: Final = ("url_path", "http_method", "host", "service_name", "service_type", "resource_arn")
_ANY: Final = r"[^\0]*+"  # of one property: each ends with a NUL


class Matcher(Generic[T]):
    """Rules in the order of the argument, each with a value of the caller's.

    A rule that has a pattern for one of the properties in `required` does not match a request without that property.
    """

    def __init__(self, rules: Iterable[tuple[SamplingRule, T]], required: Collection[str] = ()) -> None:
        self._rules = tuple(rules)
        self._required = tuple(required)
        expressions = [f"({_expression(rule, required)})" for rule, _ in self._rules]
        self._match = re.compile("|".join(expressions) or "(?!)").match
        self._first_is_any = bool(expressions) and expressions[0] == "()" and not self._rules[0][0].attributes

    def first(self, request: RequestProperties) -> T | None:
        """Return the value of the first rule that matches a request, or None if none does."""
        if self._first_is_any:
            return self._rules[0][1]
        service, kind, host, method, path, arn, _ = request
        text = f"{path or ''}\0{method or ''}\0{host or ''}\0{service or ''}\0{kind or ''}\0{arn or ''}\0"
        if not text.isascii() or "*" in text or text.count("\0") != 6:
            return self._first_uncompiled(request, 0)
        found = self._match(text.lower())
        if found is None:
            return None
        index = (found.lastindex or 1) - 1
        rule, value = self._rules[index]
        if rule.attributes and attribute_mismatch(rule, request) is not None:
            return self._first_uncompiled(request, index + 1)
        return value

    def _first_uncompiled(self, request: RequestProperties, start: int) -> T | None:
        for rule, value in self._rules[start:]:
            if not self._lacks_required(rule, request) and mismatch(rule, request) is None:
                return value
        return None

    def _lacks_required(self, rule: SamplingRule, request: RequestProperties) -> bool:
        return any(not _is_any(getattr(rule, name)) and not getattr(request, name) for name in self._required)


def _is_any(pattern: str) -> bool:
    return bool(pattern) and not pattern.strip("*")


def _expression(rule: SamplingRule, required: Collection[str]) -> str:
    """Return what the properties of a matching request begin with: nothing after the last pattern that is not `*`."""
    patterns = [(getattr(rule, name), name in required) for name in _PROPERTIES]
    while patterns and _is_any(patterns[-1][0]):
        patterns.pop()
    return "".join(_property(pattern, needed) + r"\0" for pattern, needed in patterns)


def _property(pattern: str, needed: bool) -> str:
    if _is_any(pattern):
        return _ANY
    lowered = "".join(character.lower() for character in pattern)  # each by itself, as `matches_pattern` does
    first, *rest = (re.escape(part).replace(r"\?", r"[^\0]") for part in lowered.split("*"))
    if rest:
        *middle, last = rest
        # Atomic groups: each part between stars is looked for once, from the left, and never again.
        first += "".join(rf"(?>[^\0]*?{part})" for part in middle) + (rf"[^\0]*{last}" if last else _ANY)
    return f"(?:{first}|)" if not needed else first or "(?!)"
