import base64
from typing import Any

import pytest

from tests.xray_local.otlp import otlp_text, span
from tests.xray_local.samples import text, trace_id
from xray_local.api.operations import put_trace_segments
from xray_local.state.region import Region


def put(region: Region, *texts: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = put_trace_segments(region, {"TraceSegmentDocuments": list(texts)})[
        "UnprocessedTraceSegments"
    ]
    return answer


def test_spans_are_stored_beside_segments(region: Region) -> None:
    """In one call; each text may have several."""
    spans = otlp_text(span(spanId=f"{5:016x}", parentSpanId=""), span(spanId=f"{6:016x}", parentSpanId=f"{5:016x}"))
    assert put(region, text(2), spans) == []
    assert region.store.counts() == {"traces": 2, "segments": 1, "spans": 2}
    assert [document.name for document in region.store.parsed(trace_id(1))] == ["shop", "work"]


def test_spans_that_were_not_sampled_are_taken_and_not_stored(region: Region) -> None:
    """AWS makes metrics of them."""
    assert put(region, otlp_text(span(), prefix="T1U")) == []
    assert region.store.counts()["spans"] == 0
    assert region.health()["rejected"] == 0


@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        ("T1S%%", "ParseError", "T1S is not followed by base64"),
        ("T1Ué", "ParseError", "T1U is not followed by base64"),
        (
            "T1S" + base64.b64encode(b"\xff\xff").decode(),
            "ParseError",
            "the body is not a protobuf ExportTraceServiceRequest",
        ),
        (
            otlp_text(span(spanId="")),
            "RejectedSpan",
            "id of span 'work': '': expected 8 bytes that are not all zero",
        ),
        (
            otlp_text(span(attributes={f"key-{number}": "x" * 4000 for number in range(55)})),
            "RejectedSpan",
            "the span is too large: expected at most 204800 bytes",
        ),
    ],
)
def test_what_cannot_be_stored_is_refused(region: Region, sent: str, code: str, message: str) -> None:
    """The rest of the call is stored."""
    [refused] = put(region, sent, text(2))
    assert refused["ErrorCode"] == code
    assert refused["Message"].startswith(message)
    assert (region.store.counts()["segments"], region.health()["rejected"]) == (1, 1)
    [problem] = region.problems.newest()
    assert (problem.source, problem.code, problem.message) == ("PutTraceSegments", code, refused["Message"])


@pytest.mark.parametrize(
    ("configuration", "annotations"),
    [
        ({"aws.xray.exporter.config.indexed_attributes": ["user"]}, {"user": "ann"}),
        ({"aws.xray.exporter.config.index_all_attributes": True}, {"user": "ann", "items": 3}),
        ({}, {"user": "ann", "items": 3}),
    ],
)
def test_annotations_are_those_of_the_exporters_configuration(
    region: Region, configuration: dict[str, Any], annotations: dict[str, Any]
) -> None:
    """Which it puts into the resource."""
    put(
        region,
        otlp_text(span(attributes={"user": "ann", "items": 3}), resource={"service.name": "shop"} | configuration),
    )
    [document] = region.store.parsed(trace_id(1))
    assert document.body["annotations"] == annotations
