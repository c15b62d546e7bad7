"""Writes OpenTelemetry's attributes as protobuf. Never raises: a value that OTLP cannot carry is written as text.

Source: opentelemetry/proto/common/v1/common.proto of opentelemetry-proto 1.x. A field is its tag, which is the number
times 8 plus the kind of encoding, and then the value; what has a length is preceded by it.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

DEPTH_MAX: Final = 16  # of lists and maps in each other; protobuf's own parsers refuse more than 100 messages

_VARINTS: Final = tuple(
    bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7]) for number in range(1 << 11)
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


class Attributes:
    """Writes attributes as repeated fields with one tag, and caches the fields of frequent values.

    Bounded: so many keys, so many values of each, and only short ones.
    """

    _KEYS: Final = 128
    _VALUES: Final = 64
    _LENGTH: Final = 128

    def __init__(self, tag: bytes) -> None:
        self._tag = tag
        self._known: dict[str, tuple[bytes, dict[Any, bytes]]] = {}

    def fields(self, attributes: Mapping[str, Any]) -> list[bytes]:
        """Return one field for each attribute."""
        fields = []
        known = self._known
        for key, value in tuple(attributes.items()):
            kind = type(value)
            if kind is str or kind is int:  # no values of other types are equal to these
                prefix, values = known.get(key) or self._learn_key(key)
                fields.append(values.get(value) or self._learn(prefix, values, value))
            else:
                fields.append(self._field(key, value))
        return fields

    def _learn_key(self, key: str) -> tuple[bytes, dict[Any, bytes]]:
        """Return what every field with this key has in common, and the fields by their values."""
        known: tuple[bytes, dict[Any, bytes]] = delimited(b"\x0a", text(key)), {}
        if len(self._known) < self._KEYS:
            self._known[key] = known
        return known

    def _learn(self, prefix: bytes, values: dict[Any, bytes], value: str | int) -> bytes:
        content = _whole_number(value) if type(value) is int else delimited(b"\x0a", text(value))
        field = delimited(self._tag, prefix + delimited(b"\x12", content))
        if len(values) < self._VALUES and len(field) <= self._LENGTH:
            values[value] = field
        return field

    def _field(self, key: str, value: Any) -> bytes:
        try:
            return delimited(self._tag, key_value(key, value))
        except Exception:  # noqa: BLE001 - a list or a map of any class may fail in any way
            return delimited(self._tag, key_value(key, as_text(value)))
