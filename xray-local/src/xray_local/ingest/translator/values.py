"""OTLP attributes as JSON values: whole, and bounded as they are stored. Pure."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

ATTRIBUTES_MAX = 128  # of a span, an event or a link, and entries of a value
TEXT_MAX = 4096  # characters of a text
DEPTH_MAX = 8  # of a value


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Return all attributes, with their texts whole."""
    return {pair.key: _value(pair.value, 0) for pair in pairs}


def bounded(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first attributes, with long texts cut."""
    kept = list(whole.items())[:ATTRIBUTES_MAX]
    return {key: value if isinstance(value, int | float) else _cut(value) for key, value in kept}


def first(attributes: Mapping[str, Any], *names: str) -> Any:
    """Return the value of the first of these attributes that has one that is not empty."""
    for name in names:
        if not is_empty(value := attributes.get(name)):
            return value
    return None


def is_empty(value: object) -> bool:
    """Return whether a value says nothing."""
    return value is None or value == ""


def text(attributes: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of these attributes that is a text and not empty."""
    for name in names:
        if (value := attributes.get(name)) and isinstance(value, str):
            return value
    return None


def _value(value: AnyValue, depth: int) -> Any:
    kind = value.WhichOneof("value")
    if kind is None or depth > DEPTH_MAX:
        return None
    if kind == "bytes_value":
        return value.bytes_value[:TEXT_MAX].hex()
    if kind == "array_value":
        return [_value(item, depth + 1) for item in value.array_value.values[:ATTRIBUTES_MAX]]
    if kind == "kvlist_value":
        return {pair.key: _value(pair.value, depth + 1) for pair in value.kvlist_value.values[:ATTRIBUTES_MAX]}
    plain = getattr(value, kind)
    # JSON has no NaN or infinity: they are stored as text.
    return str(plain) if isinstance(plain, float) and not math.isfinite(plain) else plain


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value[:TEXT_MAX]
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    return value
