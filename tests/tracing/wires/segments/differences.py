"""What docs/span-to-segment.md lists as different from the collector's awsxray exporter, made equal for a comparison.

Each row of the table there is a function here: it takes our document and the exporter's, of one span.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

from tests.tracing.wires.segments.spans import Document

CONSTANTS = ("account_id", "cloudwatch_logs", "ec2", "ecs", "eks", "elastic_beanstalk", "xray")
LOST = ("net.peer.name", "net.peer.port", "server.address", "server.port")

Row = Callable[[Document, Document], None]
ROWS: dict[str, Row] = {}
XRAY_ROWS: dict[str, Row] = {}  # of what was written with X-Ray's API and came by OTLP


def row(title: str, rows: dict[str, Row] = ROWS) -> Callable[[Row], Row]:
    """Register a row of a table by its title."""

    def register(function: Row) -> Row:
        rows[title] = function
        return function

    return register


def equal_but_for_differences(ours: Document, theirs: Document, rows: dict[str, Row]) -> tuple[Document, Document]:
    """Return both documents without their differences, ids and times."""
    for apply in rows.values():
        apply(ours, theirs)
    for document in (ours, theirs):
        del document["start_time"], document["end_time"]
        _without_empty(document)
    return ours, theirs


@row("nesting")
def _nesting(ours: Document, theirs: Document) -> None:
    ours.pop("subsegments", None)
    if not _is_segment(ours):
        for key in ("type", "trace_id", "parent_id"):
            theirs.pop(key, None)


@row("flags that are not set")
def _flags(ours: Document, theirs: Document) -> None:
    for flag in ("error", "fault", "throttle"):
        if not theirs[flag]:
            del theirs[flag]


@row("content_length 0")
def _content_length(ours: Document, theirs: Document) -> None:
    response = theirs.get("http", {}).get("response", {})
    if response.get("content_length") == 0:
        del response["content_length"]


@row("host and SDK in subsegments")
def _constants(ours: Document, theirs: Document) -> None:
    if not _is_segment(ours):
        for key in CONSTANTS:
            if key not in ours.get("aws", {}):
                theirs.get("aws", {}).pop(key, None)
        theirs.pop("origin", None)
        theirs.pop("service", None)


@row("another cloud")
def _another_cloud(ours: Document, theirs: Document) -> None:
    if _is_segment(ours) and "aws" not in theirs:
        assert set(ours.pop("aws")) == {"xray"}


@row("service")
def _service(ours: Document, theirs: Document) -> None:
    if _is_segment(ours):
        del ours["service"]["runtime"], ours["service"]["runtime_version"]


@row("query of a URL")
def _query(ours: Document, theirs: Document) -> None:
    request = theirs.get("http", {}).get("request", {})
    if "url" in request:
        request["url"] = request["url"].partition("?")[0]


@row("name of the span")
def _span_name(ours: Document, theirs: Document) -> None:
    _default(ours).pop("otel.span.name", None)


@row("events")
def _events(ours: Document, theirs: Document) -> None:
    _default(ours).pop("otel.events", None)


@row("name of an AWS service")
def _aws_name(ours: Document, theirs: Document) -> None:
    if ours.get("namespace") == "aws":
        theirs["name"] = theirs["name"].lower()


@row("name of an HTTP call")
def _http_name(ours: Document, theirs: Document) -> None:
    url = theirs.get("http", {}).get("request", {}).get("url", "")
    if ours.get("namespace") == "remote" and f"//{ours['name']}/" in url and theirs["name"] in ("GET", "POST"):
        theirs["name"] = ours["name"]


@row("name of a CONSUMER root")
def _root_name(ours: Document, theirs: Document) -> None:
    if _is_segment(ours) and theirs["name"] == "orders process":
        theirs["name"] = ours["name"]


@row("new attributes of databases")
def _new_database(ours: Document, theirs: Document) -> None:
    metadata = _default(theirs)
    if metadata.pop("db.system.name", None):
        assert ours["name"] == "shop@db.example.com"
        assert metadata.pop("db.namespace") == "shop"
        theirs["name"] = ours["name"]
        theirs["sql"] = {"database_type": "postgresql", "sanitized_query": metadata.pop("db.query.text")}


@row("url and connection_string of sql")
def _database_url(ours: Document, theirs: Document) -> None:
    if "sql" in ours:
        assert re.fullmatch("(jdbc:)?(mysql|postgresql)://([a-z]+@)?db.example.com:[0-9]+/shop", ours["sql"].pop("url"))
        theirs["sql"].pop("url", None)
        theirs["sql"].pop("connection_string", None)


@row("host of a call without HTTP")
def _lost(ours: Document, theirs: Document) -> None:
    if "http" not in theirs:
        for key in LOST:
            _default(ours).pop(key, None)


@row("method of an RPC")
def _rpc(ours: Document, theirs: Document) -> None:
    method = _default(ours).pop("rpc.method", None)
    if method is not None:
        assert theirs["aws"].pop("operation") == method


@row("CONSUMER and SERVER below a local parent")
def _nested_segment(ours: Document, theirs: Document) -> None:
    if not _is_segment(ours):
        for key in [key for key in _default(theirs) if key.startswith("otel.resource.")]:
            del _default(theirs)[key]


@row("exceptions")
def _exceptions(ours: Document, theirs: Document) -> None:
    if isinstance(ours.get("cause"), dict):
        ours["cause"].pop("working_directory", None)
    for document in (ours, theirs):
        numbers: dict[str, int] = {}
        for exception in _of(document):
            exception["id"] = numbers.setdefault(exception["id"], len(numbers))
        for exception in _of(document):
            if "cause" in exception:
                exception["cause"] = numbers[exception["cause"]]
    for exception in _of(theirs):
        exception["type"] = exception["type"].rpartition(".")[2]
        for frame in exception.get("stack", ()):
            frame["path"] = PurePath(frame["path"]).name
        exception.get("stack", []).reverse()


@row("plugins and rule", XRAY_ROWS)
def _plugins(ours: Document, theirs: Document) -> None:
    if _is_segment(ours):
        del ours["origin"], ours["aws"]["ec2"], ours["aws"]["xray"]["sampling_rule_name"]


@row("resource of a root with a remote parent", XRAY_ROWS)
def _resource(ours: Document, theirs: Document) -> None:
    for key in [key for key in _default(ours) if key.startswith("otel.resource.")]:
        del _default(ours)[key]


@row("attributes left in metadata", XRAY_ROWS)
def _left(ours: Document, theirs: Document) -> None:
    for key in ("aws.local.service", "aws.service", "aws.span.kind", "peer.service", "rpc.system"):
        _default(theirs).pop(key, None)


@row("backslash in a name", XRAY_ROWS)
def _backslash(ours: Document, theirs: Document) -> None:
    ours["name"] = ours["name"].replace("\\", "")


@row("content_length", XRAY_ROWS)
def _length(ours: Document, theirs: Document) -> None:
    length = _default(theirs).pop("http.response_content_length", None)
    if length is not None:
        theirs["http"]["response"]["content_length"] = length


@row("fault beside a 4xx", XRAY_ROWS)
def _fault(ours: Document, theirs: Document) -> None:
    if _default(theirs).pop("aws.xray.fault", False):
        assert theirs["error"]
        theirs["fault"] = True


@row("other fields of aws", XRAY_ROWS)
def _aws_fields(ours: Document, theirs: Document) -> None:
    if ours.get("namespace") == "aws":
        for key in [key for key in _default(theirs) if key.startswith("aws.")]:
            theirs["aws"][key.removeprefix("aws.")] = _default(theirs).pop(key)


@row("other fields of sql", XRAY_ROWS)
def _sql(ours: Document, theirs: Document) -> None:
    if "sql" in ours:
        theirs["sql"]["database_type"] = {"postgresql": "PostgreSQL"}[theirs["sql"]["database_type"]]
        for key in ("database_version", "driver_version"):
            theirs["sql"][key] = _default(theirs).pop(f"aws.xray.sql.{key}")


@row("error and throttle without HTTP", XRAY_ROWS)
def _error(ours: Document, theirs: Document) -> None:
    for flag in ("error", "throttle"):
        if _default(theirs).pop(f"aws.xray.{flag}", False):
            theirs.pop("fault", None)
            theirs[flag] = True


@row("id of an exception elsewhere, precursor_ids", XRAY_ROWS)
def _ids(ours: Document, theirs: Document) -> None:
    for field, attribute in (("cause", "aws.xray.cause"), ("precursor_ids", "aws.xray.precursor_ids")):
        value = _default(theirs).pop(attribute, None)
        if value is not None:
            theirs[field] = value


@row("remote of an exception", XRAY_ROWS)
def _remote(ours: Document, theirs: Document) -> None:
    for document in (ours, theirs):
        for exception in _of(document):
            exception.pop("remote", None)


def _of(document: Document) -> Iterator[dict[str, Any]]:
    if isinstance(document.get("cause"), dict):
        yield from document["cause"]["exceptions"]


def _is_segment(ours: Document) -> bool:
    return "trace_id" in ours


def _default(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = document.get("metadata", {}).get("default", {})
    return found


def _without_empty(value: Any) -> None:
    """Drop empty objects, texts and nulls, as the exporter writes some."""
    for key, item in list(value.items()) if isinstance(value, dict) else enumerate(value):
        if isinstance(item, (dict, list)):
            _without_empty(item)
        if isinstance(value, dict) and item in ({}, "", None):
            del value[key]
