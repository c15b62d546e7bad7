"""Writes any value as JSON text of a bounded size: what an app puts into metadata may be anything.

Objects become what the X-Ray SDK makes of them: collections become arrays, other objects their public attributes. What
JSON cannot express becomes text. No value raises, and none is written beyond its room.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from json.encoder import encode_basestring
from typing import Any, Final

quote: Final = encode_basestring
ROOM: Final = 70_000  # characters of a field: more than a datagram, so that a document with a cut field is fitted too
CUT: Final = "…"  # ends a text that was cut, and stands for entries that were left out
CIRCULAR: Final = "<circular reference>"
NAMED_MAX: Final = 20  # entries of `Writer.cuts`

_DEPTH_MAX: Final = 32
_NAMED_DEPTH: Final = 4
_PATH_MAX: Final = 200
_KEY_MAX: Final = 200  # characters of a key, where there is no room for everything
_ENTRY_ROOM: Final = 64  # characters that each entry may keep: where there is less room, the last ones are left out
_WEIGHT_DEPTH: Final = 3
_WEIGHED: Final = 8  # entries of a container that its weight is estimated by
_INT_MAX: Final = 2**63
_DECIMAL_BITS: Final = 10_000  # Python refuses to write larger numbers in decimal
_CONTAINERS: Final = (dict, list, tuple)
_WRITABLE: Final = (str, int, float, bool, type(None), *_CONTAINERS)


class _TooLargeError(Exception):
    """The text does not fit into its room."""


class Writer:
    """Writes the values of one document; `cuts` names those that did not fit.

    `marks` puts CUT into containers that lost entries.
    """

    __slots__ = ("_left", "_open", "cuts", "marks")

    def __init__(self, *, marks: bool = True) -> None:
        self.cuts: list[str] = []
        self.marks = marks
        self._open: set[int] = set()
        self._left = 0

    def text(self, value: Any, room: int, path: str) -> str:
        """Return JSON text of at most about `room` characters. `path` names the value in `cuts`.

        If it does not fit, the longest values in it are cut first.
        """
        self._left = room
        try:
            return self._whole(value, 0)
        except _TooLargeError:
            self._open.clear()
            return self._fitted(value, room, path, 0)

    def cut(self, path: str) -> None:
        """Note that the value at `path` was cut."""
        named = path[:_PATH_MAX]
        if len(self.cuts) < NAMED_MAX and named not in self.cuts:
            self.cuts.append(named)

    def _whole(self, value: Any, depth: int) -> str:
        kind = type(value)
        if kind is str:
            if len(value) > self._left:
                raise _TooLargeError
            text = quote(value)
        elif kind in _CONTAINERS:
            return self._whole_object(value, depth)
        else:
            scalar = scalar_text(value)
            if scalar is None:
                return self._whole_object(value, depth)
            text = scalar
        self._left -= len(text) + 1
        if self._left < 0:
            raise _TooLargeError
        return text

    def _whole_object(self, value: Any, depth: int) -> str:
        if id(value) in self._open:
            return quote(CIRCULAR)
        parts: Any = value if type(value) in _CONTAINERS else plain(value, self._left)
        if type(parts) not in _CONTAINERS:
            return self._whole(parts, depth)
        self._left -= 3
        if depth == _DEPTH_MAX or 2 * len(parts) > self._left:
            raise _TooLargeError
        self._open.add(id(value))
        depth += 1
        if type(parts) is dict:
            entries = list(parts.items())  # another thread may be changing it
            text = "{" + ",".join([f"{self._key(key)}:{self._whole(item, depth)}" for key, item in entries]) + "}"
        else:
            text = "[" + ",".join([self._whole(item, depth) for item in parts]) + "]"
        self._open.discard(id(value))
        return text

    def _key(self, key: Any) -> str:
        text = key if type(key) is str else key_text(key)
        self._left -= len(text) + 3
        if self._left < 0:
            raise _TooLargeError
        return quote(text)

    def _fitted(self, value: Any, room: int, path: str, depth: int) -> str:
        if id(value) in self._open:
            return quote(CIRCULAR)
        parts = value if type(value) in _WRITABLE else plain(value, room)
        if type(parts) is str:
            return quote(self._fitted_string(parts, room, path))
        scalar = scalar_text(parts)
        if scalar is not None:
            return scalar
        if type(parts) not in _CONTAINERS:
            return self._fitted(plain(parts, room), room, path, depth)
        if depth == _DEPTH_MAX:
            self.cut(path)
            return quote(CUT)
        self._open.add(id(value))
        text = self._fitted_container(parts, room, path, depth + 1)
        self._open.discard(id(value))
        return text

    def _fitted_string(self, value: str, room: int, path: str) -> str:
        if len(value) <= room:
            return value
        self.cut(path)
        return value[: max(room - 1, 0)] + CUT

    def _fitted_container(self, parts: Any, room: int, path: str, depth: int) -> str:
        """Write the smallest entries first, each with an equal share of what is left: only the longest are cut."""
        is_object = type(parts) is dict
        entries = _first_entries(parts.items() if is_object else enumerate(parts), room)
        texts = [""] * len(entries)
        left = room
        for position, index in enumerate(sorted(range(len(entries)), key=lambda index: entries[index][2])):
            key, item, _ = entries[index]
            name = self._fitted_string(key_text(key), _KEY_MAX, path)
            share = left // (len(entries) - position) - (len(name) + 4 if is_object else 1)
            text = self._fitted(item, max(share, 1), f"{path}.{name}" if depth <= _NAMED_DEPTH else path, depth)
            texts[index] = f"{quote(name)}:{text}" if is_object else text
            left -= len(texts[index]) + 1
        if len(entries) < len(parts):
            self.cut(path)
            if self.marks:
                texts.append(f"{quote(CUT)}:{quote(CUT)}" if is_object else quote(CUT))
        return "{" + ",".join(texts) + "}" if is_object else "[" + ",".join(texts) + "]"


def scalar_text(value: Any) -> str | None:
    """Return JSON text of None, a truth value or a number that JSON readers take; None for anything else."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    kind = type(value)
    if kind is int and -_INT_MAX <= value < _INT_MAX:
        return int.__repr__(value)
    if kind is float and math.isfinite(value):
        return float.__repr__(value)
    return None


def plain(value: Any, most: int) -> str | int | float | dict[Any, Any] | list[Any]:
    """Return what stands for `value` in JSON; of a collection with more than `most` entries one more than these."""
    try:
        return _plain(value, most + 1)
    except Exception:  # noqa: BLE001 - the code of an app's class may fail in any way
        return safe_text(value)


def key_text(key: Any) -> str:
    """Return a key of an object as text: as `json.dumps` writes it, and of any type."""
    if type(key) is str:
        return key
    return scalar_text(key) or str(plain(key, 0) if isinstance(key, (int, float)) else safe_text(key))


def safe_text(value: Any) -> str:
    """Return `str(value)`, or the name of its type where that fails."""
    try:
        return str.__str__(str(value))
    except Exception:  # noqa: BLE001 - the code of an app's class may fail in any way
        return f"<{type(value).__name__}>"


def _plain(value: Any, most: int) -> str | int | float | dict[Any, Any] | list[Any]:
    if isinstance(value, (str, int, float)):
        return _plain_scalar(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value[:most]).decode("utf-8", "replace")
    if isinstance(value, type):
        return str(value)
    if isinstance(value, Mapping):
        return dict(islice(value.items(), most))
    if isinstance(value, Collection):
        return list(islice(value, most))
    attributes = getattr(value, "__dict__", {})
    public = {key: item for key, item in attributes.items() if not key.startswith("_") and not callable(item)}
    return public or str.__str__(str(value))


def _plain_scalar(value: str | int | float) -> str | int | float:
    """Return the value of a subclass, and as text a number that JSON or its readers do not take."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else float.__repr__(value)
    if -_INT_MAX <= value < _INT_MAX:
        return int(value)
    return int.__repr__(value) if value.bit_length() < _DECIMAL_BITS else hex(value)


def _first_entries(entries: Iterable[tuple[Any, Any]], room: int) -> list[tuple[Any, Any, int]]:
    """Return keys, items and weights of the first entries that find room, if none keeps more than `_ENTRY_ROOM`."""
    found: list[tuple[Any, Any, int]] = []
    for key, item in islice(entries, room):
        weight = _weight(item, _WEIGHT_DEPTH)
        room -= min(weight, _ENTRY_ROOM) + 4 + (len(key) if type(key) is str else 0)
        if room < 0 and found:
            break
        found.append((key, item, weight))
    return found


def _weight(value: Any, depth: int) -> int:
    """Return about how long the text of a value is; of a container, by its first entries."""
    if type(value) is str:
        return len(value)
    if type(value) not in _CONTAINERS:
        return 6
    first = [*islice(value.values() if type(value) is dict else value, _WEIGHED if depth else 0)]
    return 16 * len(value) + sum([_weight(item, depth - 1) for item in first])
