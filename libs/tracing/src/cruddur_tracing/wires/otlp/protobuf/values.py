"""Writes OpenTelemetry's attributes as protobuf. Never raises: a value that OTLP cannot carry is written as text.

Source: opentelemetry/proto/common/v1/common.proto of opentelemetry-proto 1.x. A field is its tag, which is the number
times 8 plus the kind of encoding, and then the value; what has a length is preceded by it.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

DEPTH_MAX: Final = 16  # of lists and maps in each other; protobuf's own parsers refuse more than 100 messages

_VARINTS: Final = (
    *(number.to_bytes(1, "little") for number in range(1 << 7)),
    *((number & 127 | 128 | number >> 7 << 8).to_bytes(2, "little") for number in range(1 << 7, 1 << 11)),
)
_KNOWN: Final = len(_VARINTS)
_CONTINUED: Final = tuple(bytes([number | 128]) for number in range(128))
_DOUBLE: Final = struct.Struct("<d").pack
_TRUE: Final = b"\x10\x01"
_FALSE: Final = b"\x10\x00"
_INT_MIN: Final = -(1 << 63)
_INT_END: Final = 1 << 63


def varint(number: int) -> bytes:
    """Return a number of at most 64 bits, with the lowest seven bits first; a negative one as its two's complement."""
    if 0 <= number < _KNOWN:
        return _VARINTS[number]
    number &= (1 << 64) - 1
    groups = b""
    while number >= _KNOWN:
        groups += _CONTINUED[number & 127]
        number >>= 7
    return groups + _VARINTS[number]


def delimited(tag: bytes, content: bytes) -> bytes:
    """Return a field of bytes or of a message."""
    size = len(content)
    return tag + (_VARINTS[size] if size < _KNOWN else varint(size)) + content


def text(value: object) -> bytes:
    """Return it as UTF-8; what is not Unicode becomes a replacement character."""
    string = value if isinstance(value, str) else as_text(value)
    try:
        return string.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return string.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def as_text(value: object) -> str:
    """Return `str(value)`, or the name of its type if that fails."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a value's own __str__ may fail, and so does str() of a very long number
        return type(value).__name__


def any_value(value: Any, depth: int = DEPTH_MAX) -> bytes:
    """Return the content of an AnyValue; None is an empty one."""
    if isinstance(value, str):
        return delimited(b"\x0a", text(value))
    if value is None:
        return b""
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, int):
        return _whole_number(value)
    if isinstance(value, float):
        return b"\x21" + _DOUBLE(value)
    if isinstance(value, bytes):
        return delimited(b"\x3a", value)
    return _nested(value, depth)


def _whole_number(value: int) -> bytes:
    return b"\x18" + varint(value) if _INT_MIN <= value < _INT_END else delimited(b"\x0a", text(value))


def _nested(value: Any, depth: int) -> bytes:
    if depth and isinstance(value, Sequence):
        return delimited(b"\x2a", b"".join([delimited(b"\x0a", any_value(item, depth - 1)) for item in value]))
    if depth and isinstance(value, Mapping):
        pairs = [delimited(b"\x0a", key_value(key, item, depth - 1)) for key, item in value.items()]
        return delimited(b"\x32", b"".join(pairs))
    return delimited(b"\x0a", text(value))


def key_value(key: object, value: Any, depth: int = DEPTH_MAX) -> bytes:
    """Return the content of a KeyValue."""
    return delimited(b"\x0a", text(key)) + delimited(b"\x12", any_value(value, depth))


class _Key:
    """The fields of one key: `values` has those of frequent values, so many short ones."""

    __slots__ = ("_before_number", "_prefix", "_tag", "values")

    _VALUES: Final = 64
    _LENGTH: Final = 128

    def __init__(self, tag: bytes, key: str) -> None:
        self._tag = tag
        self._prefix = prefix = delimited(b"\x0a", text(key))
        self._before_number = {  # of so many bytes
            size: delimited(tag, prefix + delimited(b"\x12", b"\x18" + bytes(size)))[:-size] for size in (2, 3)
        }
        self.values: dict[str | int, bytes] = {}

    def field(self, value: str | int) -> bytes:
        """Return the field of a value that is not among the frequent ones."""
        if type(value) is int and _KNOWN <= value < _KNOWN << 7:  # a port, which is seldom one of few
            number = varint(value)
            return self._before_number[len(number)] + number
        content = _whole_number(value) if type(value) is int else delimited(b"\x0a", text(value))
        field = delimited(self._tag, self._prefix + delimited(b"\x12", content))
        if len(self.values) < self._VALUES and len(field) <= self._LENGTH:
            self.values[value] = field
        return field


class Attributes:
    """Writes attributes as repeated fields with one tag, and keeps what fields with the same key have in common.

    It keeps so many keys.
    """

    _KEYS: Final = 128

    def __init__(self, tag: bytes) -> None:
        self._tag = tag
        self._known: dict[str, _Key] = {}

    def add(self, fields: list[bytes], attributes: Mapping[str, Any]) -> None:
        """Add one field for each attribute."""
        known = self._known
        for key, value in tuple(attributes.items()):
            kind = type(value)
            if kind is str or kind is int:  # no values of other types are equal to these
                of_key = known.get(key) or self._learn(key)
                fields.append(of_key.values.get(value) or of_key.field(value))
            else:
                fields.append(self._field(key, value))

    def encoded(self, attributes: Mapping[str, Any]) -> bytes:
        """Return the fields of all attributes."""
        fields: list[bytes] = []
        self.add(fields, attributes)
        return b"".join(fields)

    def _learn(self, key: str) -> "_Key":
        known = _Key(self._tag, key)
        if len(self._known) < self._KEYS:
            self._known[key] = known
        return known

    def _field(self, key: str, value: Any) -> bytes:
        try:
            return delimited(self._tag, key_value(key, value))
        except Exception:  # noqa: BLE001 - a list or a map of any class may fail in any way
            return delimited(self._tag, key_value(key, as_text(value)))
