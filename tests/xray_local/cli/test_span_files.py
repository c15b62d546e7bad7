from typing import Any

from xray_local.cli.span_files import jaeger, zipkin
from xray_local.ingest.otlp_json import log_event

TRACE = "0af7651916cd43dd8448eb211c80319c"


def only(spans: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the span, its attributes and those of its resource."""
    [scope] = spans["scopeSpans"]
    [span] = scope["spans"]
    return span, plain(span["attributes"]), plain(spans["resource"]["attributes"])


def plain(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in pairs}


def test_a_span_of_zipkin_has_the_attributes_that_the_translator_reads() -> None:
    """Its service, what it calls, its request, its error and its annotations as events."""
    span, attributes, resource = only(
        zipkin(
            {
                "traceId": TRACE[16:],
                "id": "1",
                "parentId": "2",
                "kind": "CLIENT",
                "name": "get",
                "timestamp": 5_000_000,
                "duration": 20,
                "localEndpoint": {"serviceName": "shop"},
                "remoteEndpoint": {"serviceName": "stock"},
                "tags": {"http.method": "GET", "http.path": "/a", "http.status_code": "503", "error": "no stock"},
                "annotations": [{"timestamp": 5_000_010, "value": "retry"}],
            }
        )
    )
    assert (span["traceId"], span["spanId"], span["parentSpanId"]) == (
        TRACE[16:].rjust(32, "0"),
        "1".rjust(16, "0"),
        "2".rjust(16, "0"),
    )
    assert (span["kind"], span["startTimeUnixNano"], span["endTimeUnixNano"]) == (3, 5_000_000_000, 5_000_020_000)
    assert span["status"] == {"code": 2, "message": "no stock"}
    assert span["events"] == [{"timeUnixNano": 5_000_010_000, "name": "retry"}]
    assert resource == {"service.name": "shop"}
    assert (attributes["peer.service"], attributes["http.target"], attributes["http.status_code"]) == (
        "stock",
        "/a",
        "503",
    )


def test_the_servers_half_of_a_shared_span_is_below_the_clients() -> None:
    """Zipkin's two halves have one id."""
    span, _, _ = only(zipkin({"traceId": TRACE, "id": "1", "parentId": "2", "kind": "SERVER", "shared": True}))
    assert span["parentSpanId"] == "1".rjust(16, "0")
    assert span["spanId"] != span["parentSpanId"]


def test_a_span_of_jaeger_has_its_process_as_resource() -> None:
    """Tags by their types, logs as events, the reference to another trace as a link."""
    [spans] = jaeger(
        {
            "processes": {"p1": {"serviceName": "shop", "tags": [{"key": "host", "type": "string", "value": "a"}]}},
            "spans": [
                {
                    "traceID": TRACE,
                    "spanID": "1",
                    "operationName": "GET /",
                    "references": [
                        {"refType": "FOLLOWS_FROM", "traceID": "5", "spanID": "6"},
                        {"refType": "CHILD_OF", "traceID": TRACE, "spanID": "2"},
                    ],
                    "startTime": 5_000_000,
                    "duration": 20,
                    "tags": [
                        {"key": "span.kind", "type": "string", "value": "server"},
                        {"key": "error", "type": "bool", "value": True},
                        {"key": "http.status_code", "type": "int64", "value": "500"},
                    ],
                    "logs": [{"timestamp": 5_000_010, "fields": [{"key": "event", "value": "exception"}]}],
                    "processID": "p1",
                }
            ],
        }
    )
    span, attributes, resource = only(spans)
    assert (span["kind"], span["parentSpanId"], span["status"]["code"]) == (2, "2".rjust(16, "0"), 2)
    assert span["links"] == [{"traceId": "5".rjust(32, "0"), "spanId": "6".rjust(16, "0")}]
    assert [event["name"] for event in span["events"]] == ["exception"]
    assert attributes == {"error": True, "http.status_code": "500"}
    assert resource == {"host": "a", "service.name": "shop"}


def test_a_span_of_the_log_group_has_plain_attributes() -> None:
    """Lists and objects as well."""
    event = {"traceId": TRACE, "spanId": "1" * 16, "name": "a", "kind": "SERVER", "status": {"code": "ERROR"}}
    more = {
        "attributes": {"list": [1, "a"], "object": {"b": 2}, "rate": 0.5},
        "resource": {"attributes": {"service.name": "s"}},
    }
    span, attributes, resource = only(log_event({**event, **more}))
    assert (span["kind"], span["status"]["code"], resource) == (2, 2, {"service.name": "s"})
    assert attributes["object"] == '{"b": 2}'
    assert attributes["list"] == {"values": [{"intValue": "1"}, {"stringValue": "a"}]}
