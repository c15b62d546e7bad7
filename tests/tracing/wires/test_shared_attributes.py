"""What requests have in common is encoded once; what is sent is the same as if it were encoded for each request."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.trace import Status, StatusCode

from cruddur_tracing.recording.span import Span
from cruddur_tracing.request.conventions import Conventions
from cruddur_tracing.request.facts import KnownRequests, RequestFacts
from cruddur_tracing.wires.segments.document import Documents
from tests.tracing.environs import environs
from tests.tracing.wires.otlp.test_spans import decoded
from tests.tracing.wires.segments.spans import SERVICE, Traced, traced

END = 1_700_000_001_000_000_000
RESOURCE = {"service.name": SERVICE, "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "python"}
values = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.floats(allow_nan=False), st.just("x" * 2_000))
keys = st.one_of(
    st.sampled_from(
        [
            "aws.xray.annotations",
            "aws.xray.metadata.shop",
            "aws.xray.sampling_rule",
            "db.system",
            "enduser.id",
            "http.client_ip",
            "http.method",
            "http.response.status_code",
            "http.route",
            "http.target",
            "http.url",
            "http.user_agent",
            "net.peer.ip",
            "peer.service",
        ]
    ),
    st.text(min_size=1, max_size=8),
)


def span_message(span: Span) -> SpanMessage:
    message = decoded(span)
    message.attributes.sort(key=lambda attribute: attribute.key)
    return message


@example(
    environ={"REQUEST_METHOD": "GET", "SERVER_NAME": "localhost", "wsgi.url_scheme": "http", "RAW_URI": "/"},
    others=[],
    conventions=Conventions.OLD,
    more={"http.target": ""},
    status=0,
    failed=False,
    rule=None,
    parent_id=0,
    name="GET /",
)
@example(
    environ={"REQUEST_METHOD": "GET", "SERVER_NAME": "localhost", "wsgi.url_scheme": "http", "RAW_URI": "/"},
    others=[],
    conventions=Conventions.OLD,
    more={},
    status=200,
    failed=False,
    rule=None,
    parent_id=0,
    name=7,
)
@given(
    environ=environs,
    others=st.lists(environs, max_size=2),
    conventions=st.sampled_from(Conventions),
    more=st.dictionaries(keys, values, max_size=4),
    status=st.sampled_from([0, 200, 404, 429, 500]),
    failed=st.booleans(),
    rule=st.sampled_from([None, "Default", 'a "rule"']),
    parent_id=st.sampled_from([0, 1]),
    name=st.sampled_from(["GET /", SERVICE, "\ud800", "x" * 2_000, 7]),
)
def test_both_wires_send_the_same(
    environ: dict[str, Any],
    others: list[dict[str, Any]],
    conventions: Conventions,
    more: dict[str, Any],
    status: int,
    failed: bool,
    rule: str | None,
    parent_id: int,
    name: Any,
) -> None:
    """Whatever was in the requests before, and whatever the app writes to the span."""
    trace, known, documents = traced(RESOURCE, rule=rule), KnownRequests(conventions), Documents()
    for other in others:
        earlier = request_span(trace, known, other, "GET", status=200)
        earlier._end_time = END
        documents.document(earlier)
        decoded(earlier)
    span = request_span(trace, known, environ, name, status=status, parent_id=parent_id)
    if more:
        span.set_attributes(more)
    if failed:
        span.set_status(Status(StatusCode.ERROR, "broken"))
    span._end_time = END
    sent, cuts = documents.document(span)
    message = span_message(span)
    assert span.attributes  # which makes them, if nothing was written to the span
    span._shared = None
    alone, alone_cuts = documents.document(span)
    assert (json.loads(sent), [*cuts]) == (json.loads(alone), [*alone_cuts])
    assert message == span_message(span)


def request_span(
    trace: Traced, known: KnownRequests, environ: dict[str, Any], name: Any, status: int = 0, **more: Any
) -> Span:
    span = trace.root(name, start_time=END - 123_456_789, **more)
    span.facts = facts = RequestFacts(known, environ, trace.recording.rule)
    facts.answered("/orders/<id>" if status == 200 else None, status)
    return span


def test_what_is_kept_of_requests_is_bounded() -> None:
    """A client that names another host in each request fills no memory."""
    trace, known = traced(), KnownRequests(Conventions.OLD)
    for number in range(1_000):
        span = request_span(trace, known, {"HTTP_HOST": f"host{number}", "RAW_URI": "/"}, "GET")
        span._end_time = END
        Documents().document(span)
    assert len(known) <= 256
