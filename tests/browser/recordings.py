"""What the browser tests record: X-Ray segments through boto3 and OpenTelemetry spans through OTLP, as an SDK would."""

import json
import urllib.request
from typing import Any, Protocol

import boto3
from botocore.config import Config


class Server(Protocol):
    """The addresses of a running xray-local."""

    @property
    def api(self) -> str:
        """The URL of the API and the page."""

    @property
    def otlp(self) -> str:
        """The URL that takes /v1/traces."""


def xray_client(api: str) -> Any:
    """A boto3 client of a running xray-local; its credentials are words, since nothing checks them."""
    return boto3.client(
        "xray",
        endpoint_url=api,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def put_segments(api: str, *segments: dict[str, Any]) -> None:
    """Send segment documents and insist that all were taken."""
    answer = xray_client(api).put_trace_segments(TraceSegmentDocuments=[json.dumps(segment) for segment in segments])
    assert answer["UnprocessedTraceSegments"] == []


def put_spans(otlp: str, *spans: dict[str, Any], resource: dict[str, str] | None = None) -> None:
    """Send spans as OTLP's JSON, from one resource and scope."""
    body = {
        "resourceSpans": [
            {
                "resource": {"attributes": attributes({"service.name": "backend-flask"} | (resource or {}))},
                "scopeSpans": [{"scope": {"name": "tests"}, "spans": list(spans)}],
            }
        ]
    }
    request = urllib.request.Request(
        f"{otlp}/v1/traces", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def attributes(pairs: dict[str, str]) -> list[dict[str, Any]]:
    """Text attributes in OTLP's shape."""
    return [{"key": key, "value": {"stringValue": text}} for key, text in pairs.items()]


def segment(trace_id: str, id_: str, start: float, seconds: float, **more: Any) -> dict[str, Any]:
    """A finished segment of the service backend-flask."""
    times = {"start_time": start, "end_time": start + seconds}
    return {"trace_id": trace_id, "id": id_, "name": "backend-flask", **times, **more}


def span(trace_id: str, id_: str, start: float, seconds: float, **more: Any) -> dict[str, Any]:
    """A finished server span; `trace_id` is X-Ray's form, `more` has OTLP's own field names."""
    return {
        "traceId": trace_id[2:].replace("-", ""),
        "spanId": id_,
        "name": "GET /api",
        "kind": 2,
        "startTimeUnixNano": str(int(start * 1_000_000) * 1000),
        "endTimeUnixNano": str(int((start + seconds) * 1_000_000) * 1000),
        **more,
    }


def trace_id(now: float, number: int) -> str:
    """X-Ray's form of an id with the time in it."""
    return f"1-{int(now):08x}-{number:024x}"


def http(path: str, status: int) -> dict[str, Any]:
    """The `http` of a segment."""
    return {"request": {"method": "GET", "url": f"http://localhost:4567{path}"}, "response": {"status": status}}


def two_wires(server: Server, now: float) -> str:
    """A server span with a segment below it, and in that a failing subsegment and a span."""
    name = trace_id(now, 1)
    failing = {
        "id": "00000000000000b2",
        "name": "user_notifications",
        "start_time": now - 0.7,
        "end_time": now - 0.3,
        "fault": True,
        "annotations": {"handle": "andrewbrown"},
        "metadata": {"namespace": {"key": {"now": "noon"}}},
        "cause": {
            "working_directory": "/app",
            "exceptions": [
                {
                    "id": "1",
                    "type": "KeyError",
                    "message": "no such user",
                    "stack": [{"path": "app.py", "line": 7, "label": "home"}],
                }
            ],
        },
    }
    below = {"parent_id": "00000000000000a1", "http": http("/api/home", 500), "fault": True}
    put_segments(server.api, segment(name, "00000000000000b1", now - 0.9, 0.8, **below, subsegments=[failing]))
    event = {
        "name": "cache.miss",
        "timeUnixNano": str(int(now - 0.6) * 10**9),
        "attributes": attributes({"cache.key": "home:3"}),
    }
    put_spans(
        server.otlp,
        span(name, "00000000000000a1", now - 1, 1, attributes=attributes({"url.path": "/api/home"})),
        span(
            name,
            "00000000000000a2",
            now - 0.6,
            0.2,
            name="load-users",
            kind=1,
            parentSpanId="00000000000000b2",
            events=[event],
        ),
    )
    return name
