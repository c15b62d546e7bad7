"""Inputs for the fuzzing tests: nearly valid ones, with junk anywhere."""

import json
from typing import Any

from hypothesis import strategies as some

from tests.xray_local import otlp
from tests.xray_local.api.operations.test_any_request import RICH, requests
from tests.xray_local.samples import NOW, trace_id
from xray_local.api import shapes

LEAVES = (
    some.none()
    | some.booleans()
    | some.sampled_from(
        [0, -1, 2**31, 2**63, 2**64, 1e18, 1e308, NOW, NOW + 0.5, "", "Default", trace_id(1), f"{1:016x}"]
    )
    | some.integers()
    | some.floats()  # json.dumps writes NaN and Infinity, which clients do as well
    | some.text(some.characters(), max_size=12)
)
JUNK = some.recursive(
    LEAVES,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ROUTES = tuple(shapes.routes())


def spoiled(draw: some.DrawFn, value: Any, depth: int = 0) -> Any:
    """Return a copy of a value in which at most a few members, at any depth, are junk, absent or added."""
    if depth and draw(some.integers(0, 15)) == 0:
        return draw(JUNK)
    if isinstance(value, dict):
        members = {key: spoiled(draw, member, depth + 1) for key, member in value.items()}
        if draw(some.integers(0, 15)) == 0:
            members[draw(some.text(max_size=8) | some.sampled_from(sorted(RICH)))] = draw(JUNK)
        return {key: member for key, member in members.items() if draw(some.integers(0, 40)) != 0}
    if isinstance(value, list):
        return [spoiled(draw, member, depth + 1) for member in value]
    return value


@some.composite
def calls(draw: some.DrawFn) -> tuple[str, bytes]:
    """Return the path and the body of an operation: as its shape has it, with junk in it, or only junk."""
    route = draw(some.sampled_from(ROUTES))
    body = draw(requests(route.input_shape)) if route.input_shape else {}
    kind = draw(some.integers(0, 3))
    if kind == 3:
        return route.path, draw(some.binary(max_size=40) | JUNK.map(as_json))
    return route.path, as_json(spoiled(draw, body) if kind else body)


@some.composite
def segments(draw: some.DrawFn) -> str:
    """Return the text of a segment document with junk in it."""
    numbers = some.integers(1, 4)
    whole = {"trace_id": trace_id(draw(numbers)), "id": f"{draw(numbers):016x}", "name": "backend", "start_time": NOW}
    return as_json(spoiled(draw, whole | {"end_time": NOW + 1} | RICH)).decode()


@some.composite
def datagrams(draw: some.DrawFn) -> bytes:
    """Return a datagram with a segment, or junk."""
    header = draw(
        some.sampled_from([b'{"format":"json","version":1}\n', b'{"format": "json", "version": 1}\n', b"{}\n", b""])
    )
    return header + draw(segments().map(str.encode) | some.binary(max_size=60))


SPAN_ATTRIBUTES: dict[str, Any] = {
    "http.method": "GET",
    "http.url": "http://a/b?c",
    "http.status_code": 500,
    "net.host.port": 80,
    "db.system": "mysql",
    "db.statement": "SELECT 1",
    "rpc.system": "aws-api",
    "aws.table_name": "orders",
    "aws.xray.annotations": ["a"],
    "aws.xray.metadata.default": '{"a": 1}',
}


@some.composite
def span_requests(draw: some.DrawFn) -> tuple[str, bytes]:
    """Return the content type and the body of an OTLP request with junk in it, or junk."""
    event = {"name": "exception", "timeUnixNano": "5", "attributes": otlp.pairs({"exception.stacktrace": "x\n  File "})}
    span = otlp.span(attributes=SPAN_ATTRIBUTES, events=[event], links=[{"traceId": otlp.W3C, "spanId": f"{1:016x}"}])
    if draw(some.integers(0, 4)) == 0:
        return draw(some.sampled_from(["application/x-protobuf", "application/json", "text/plain"])), draw(
            some.binary()
        )
    return otlp.JSON, as_json(spoiled(draw, otlp.request(span, otlp.span(spanId=f"{2:016x}", kind=2))))


WORDS = some.sampled_from(
    [
        "fault",
        "ok",
        "!",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "=",
        "!=",
        "<",
        ">=",
        "AND",
        "OR",
        "and",
        "service",
        "edge",
        "id",
        "name",
        "type",
        "annotation",
        "annotation.a",
        "annotation[a]",
        "group.name",
        "rootcause.fault.entity",
        "rootcause.json",
        "#[",
        "]",
        "http.url",
        "CONTAINS",
        "BEGINSWITH",
        "responsetime",
        "1",
        "0.5",
        "-1",
        "1e999",
        '"a"',
        '""',
        '"\\""',
        "true",
        "first",
        "last",
        "index",
        "coverage",
        "user",
        "duration",
        "partial",
    ]
)
FILTERS = some.lists(WORDS | some.text(max_size=4), max_size=12).map(" ".join)
PATHS = some.sampled_from(
    [
        *("/", "/traces", "/traces.json", f"/traces/{trace_id(1)}", f"/traces/{trace_id(1)}.json", "/traces/x"),
        *("/groups", "/rules.json", "/rules", "/refused", "/static/css/base.css", "/_local/health", "/nowhere"),
    ]
)
TEXTS = some.text(some.characters(exclude_categories=["Cs"]), max_size=12) | some.sampled_from(
    ["W10=", "WzEsMl0=", "5m"]
)
NAMES = some.sampled_from(["filter", "range", "next", "part", "offset", "path", "host", "method", "service", "x"])
QUERIES = some.dictionaries(NAMES, FILTERS | TEXTS, max_size=3)


def as_json(value: Any) -> bytes:
    """Return a value as a request has it, with NaN and lone surrogates as many clients write them."""
    return json.dumps(value).encode()
