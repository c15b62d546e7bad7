"""Reads the body of a segment document, whose fields may hold anything. Pure.

A field of the wrong type counts as absent, and nothing here raises. Every other module reads bodies through `Body`.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from xray_local.traces.flags import Flag

TIME_MAX = 253_402_300_800  # epoch seconds of the year 10000; larger numbers overflow a date or a float
STATUS_MAX = 2**31 - 1  # the largest integer that a client of the API reads
SAMPLING_RULE = "aws.xray.sampling_rule"  # the attribute of a span in which X-Ray's samplers name the rule

_ANNOTATION_KEY = re.compile(r"([A-Za-z0-9_.]{1,500}|aws:[A-Za-z0-9_.]{1,496})\Z")  # aws: is for AWS's own
_KNOWN_KEYS = 1000
_REQUEST = ("method", "url", "user_agent", "client_ip")
_FLAGS = {flag.value: flag for flag in Flag}

T = TypeVar("T")
Annotation = bool | int | float | str
_ANNOTATION = (bool, int, float, str)
Wire = Literal["segments", "otlp"]
"""How an entry came: in a segment document, or as an OTLP span."""


class Http(Struct, frozen=True):
    """The request and response that a segment describes; None for absent members."""

    method: str | None = None
    url: str | None = None
    user_agent: str | None = None
    client_ip: str | None = None
    status: int | None = None


_NO_HTTP = Http()


class RecordedException(Struct, frozen=True):
    """An exception in a segment's `cause`."""

    type: str
    message: str


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object as it is, and an empty one for any other value."""
    if type(value) is dict:  # the usual cases, which an abstract class decides slowly
        return value
    return value if value is not None and isinstance(value, Mapping) else {}


def as_objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a JSON array; none for any other value."""
    return [item for item in value if isinstance(item, dict | Mapping)] if isinstance(value, list) else []


@lru_cache(_KNOWN_KEYS)  # few keys recur in all documents
def is_annotation_key(key: str) -> bool:
    """Return whether X-Ray indexes annotations of this key."""
    return _ANNOTATION_KEY.match(key) is not None


def epoch_seconds(value: object) -> float | None:
    """Return a number as epoch seconds, None for what is not a time up to the year 9999."""
    if type(value) is float and 0 <= value < TIME_MAX:  # the usual case
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < TIME_MAX else None


class _kept(Generic[T]):  # noqa: N801 (a decorator)
    """`functools.cached_property` without its lock, which costs more than what is read here."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self._name = read.__name__
        self.__doc__ = read.__doc__

    def __get__(self, body: "Body", _: object = None) -> T:
        value = self._read(body)
        body.__dict__[self._name] = value
        return value


class Body(Struct, frozen=True, dict=True):
    """The JSON object of a segment, of a subsegment or of a span in the form of one; what is read often is kept."""

    raw: Mapping[str, Any]

    def object(self, *path: str) -> Mapping[str, Any]:
        """Return the object at a path of keys, an empty one if there is none."""
        found = self.raw
        for key in path:
            found = as_object(found.get(key))
            if not found:
                break
        return found

    def text(self, key: str, *path: str) -> str | None:
        """Return the string at a path of keys."""
        found: Any = self.raw.get(key)
        for inner in path:
            found = as_object(found).get(inner)
        return found if isinstance(found, str) else None

    @property
    def start(self) -> float | None:
        """Epoch seconds."""
        return epoch_seconds(self.raw.get("start_time"))

    @property
    def end(self) -> float | None:
        """Epoch seconds; None while it is in progress."""
        return epoch_seconds(self.raw.get("end_time"))

    @_kept
    def flags(self) -> tuple[Flag, ...]:
        """The flags that are set, the most severe first."""
        raw = self.raw
        if raw.keys().isdisjoint(_FLAGS):  # the usual case
            return ()
        return tuple([flag for name, flag in _FLAGS.items() if raw.get(name) is True])

    @_kept
    def http(self) -> Http:
        """The HTTP request and response."""
        http = as_object(self.raw.get("http"))
        if not http:
            return _NO_HTTP
        status = as_object(http.get("response")).get("status")
        is_status = type(status) is int and 0 <= status <= STATUS_MAX
        request = as_object(http.get("request"))
        method, url, user_agent, client_ip = [
            text if isinstance(text := request.get(key), str) else None for key in _REQUEST
        ]
        return Http(method, url, user_agent, client_ip, status if is_status else None)

    @_kept
    def annotations(self) -> dict[str, Annotation]:
        """The annotations that X-Ray indexes: strings, numbers and booleans, under keys that it takes.

        A span's attributes are annotations under any key, as with the collector's `index_all_attributes`.
        """
        found = as_object(self.raw.get("annotations"))
        if not found:
            return {}
        attributes = as_object(self.otel.get("attributes")) if "metadata" in self.raw else {}
        return {
            key: value
            for key, value in found.items()
            if isinstance(value, _ANNOTATION) and (key in attributes or is_annotation_key(key))
        }

    @property
    def own_annotations(self) -> dict[str, Annotation]:
        """The annotations without those that only repeat a span's attributes."""
        attributes = as_object(self.otel.get("attributes"))
        return {key: value for key, value in self.annotations.items() if key not in attributes}

    @_kept
    def exceptions(self) -> tuple[RecordedException, ...]:
        """The exceptions of `cause`; none where it only refers to another segment's exception."""
        if "cause" not in self.raw:
            return ()
        return tuple(
            RecordedException(type=Body(found).text("type") or "", message=Body(found).text("message") or "")
            for found in as_objects(self.object("cause").get("exceptions"))
        )

    @property
    def sampling_rule(self) -> str | None:
        """The sampling rule that took the trace: the X-Ray SDKs' member of `aws`, or the samplers' attribute."""
        xray = Body(self.object("aws", "xray"))
        return (
            xray.text("sampling_rule_name")
            or xray.text("rule_name")
            or self.text("annotations", SAMPLING_RULE)
            or self.text("metadata", "otel", "attributes", SAMPLING_RULE)
        )

    @property
    def subsegments(self) -> list["Body"]:
        """Its direct subsegments."""
        nested = self.raw.get("subsegments")
        return [Body(found) for found in as_objects(nested)] if nested else []

    @property
    def otel(self) -> Mapping[str, Any]:
        """The span that the document was made from (see `ingest.spans`); empty for a segment document."""
        return self.object("metadata", "otel")

    @property
    def wire(self) -> Wire:
        """How the document came; one that was made from a span still has the span."""
        if "metadata" not in self.raw:
            return "segments"
        return "otlp" if isinstance(self.object("metadata").get("otel"), Mapping) else "segments"
