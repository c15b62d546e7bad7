"""The fields of a document as JSON text: ids and times, plain values at once, all others by `Writer`."""

import json
from functools import lru_cache
from typing import Any, Final

from cruddur_tracing.recording.values import ROOM, Writer, quote, safe_text, scalar_text
from cruddur_tracing.recording.xray import valid_name
from xray_model.segments import names

TRIMMED: Final = "cruddur_tracing"  # the namespace of metadata that lists under `trimmed` what was cut

_KEY_MAX: Final = 200  # characters of the key of an annotation
_SECOND: Final = 1_000_000_000
SHORT: Final = 1_000  # characters of a text that is written without looking for cuts
_FEW: Final = 100
_DEPTH: Final = 3
_DEFAULT: Final = '{"default":{'


class Fields:
    """A document in the making; `cuts` names the values that were cut."""

    __slots__ = ("cuts", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.cuts: list[str] = []

    def add(self, name: str, value: Any) -> None:
        """Add a field."""
        self.parts.append(f'"{name}":{self._text(name, value)}')

    def add_metadata(self, namespaces: dict[str, Any], constants: str) -> None:
        """Add metadata, and in it what was cut. `constants` are entries of the namespace `default`, as JSON text."""
        text = self._text("metadata", namespaces)
        if constants and text.startswith(_DEFAULT):
            text = f"{_DEFAULT}{constants},{text[len(_DEFAULT) :]}"
        elif constants:
            text = _joined(f"{_DEFAULT}{constants}}}}}", text)
        if self.cuts:
            cuts = json.dumps(self.cuts, ensure_ascii=False)
            text = _joined(f'{{"{TRIMMED}":{{"trimmed":{cuts}}}}}', text)
        self.parts.append(f'"metadata":{text}')

    def encoded(self) -> bytes:
        """Return the document."""
        return encoded("{" + ",".join(self.parts) + "}")

    def _text(self, name: str, value: Any) -> str:
        try:
            text = _flat(value, _DEPTH)
        except (TypeError, RuntimeError):  # a key that is no text; a thread that adds one
            text = None
        if text is not None:
            return text
        writer = Writer(marks=name == "metadata")
        text = writer.text(value, ROOM, name)
        self.cuts += writer.cuts
        return text


def encoded(text: str) -> bytes:
    """Return a document; half surrogates, which UTF-8 does not have, become question marks."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


_key = lru_cache(maxsize=1024)(names.annotation_key)


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    return quote(valid_name(name))


def name_text(name: Any) -> str:
    """Return a name that X-Ray takes as JSON text."""
    return _name(name) if type(name) is str and len(name) <= names.NAME_MAX else quote(valid_name(name))


def annotation_key(key: Any) -> str:
    """Return a key that X-Ray takes: letters, digits, points, and underscores for all others."""
    return _key(safe_text(key)[:_KEY_MAX])


def times_text(start: Any, end: Any) -> str:
    """Return the fields `start_time` and `end_time` of times in nanoseconds since 1970."""
    if type(start) is int and type(end) is int and _SECOND <= start <= end:
        first, last = str(start), str(end)
        return f'"start_time":{first[:-9]}.{first[-9:]},"end_time":{last[:-9]}.{last[-9:]}'
    return f'"start_time":{_seconds(start)},"end_time":{_seconds(end)}'


def _seconds(nanoseconds: Any) -> str:
    if type(nanoseconds) is int and nanoseconds >= _SECOND:
        return f"{nanoseconds // _SECOND}.{nanoseconds % _SECOND:09}"
    return scalar_text(nanoseconds / _SECOND) or "0"


def _flat(value: Any, depth: int) -> str | None:
    """Return a scalar, a short text or a small object of them as JSON text; None for anything else."""
    kind = type(value)
    if kind is str:
        return quote(value) if len(value) <= SHORT else None
    if kind is not dict:
        return scalar_text(value)
    if depth == 0 or len(value) > _FEW:
        return None
    texts = []
    for key, item in value.items():
        kind = type(item)
        if kind is str and len(item) <= SHORT:
            texts.append(f"{quote(key)}:{quote(item)}")
        else:
            text = _flat(item, depth - 1) if kind is dict or kind is str else scalar_text(item)
            if text is None:
                return None
            texts.append(f"{quote(key)}:{text}")
    return "{" + ",".join(texts) + "}"


def _joined(first: str, second: str) -> str:
    """Return two JSON objects as one."""
    return first if second == "{}" else f"{first[:-1]},{second[1:]}"
