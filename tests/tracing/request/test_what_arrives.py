"""Whatever a request brings along, both wires agree on trace id, parent and decision."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import propagate
from opentelemetry.propagators.b3 import B3MultiFormat
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tests.tracing.conftest import Make, Traced

W3C = "0af7651916cd43dd8448eb211c80319c"
XRAY = "5759e988bd862e3fe1be46a994272793"
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
SPAN = "b7ad6b7169203331"
NEW = None


@dataclass(frozen=True, slots=True)
class Case:
    """Headers, and what comes of them; `decision` None: the rules decide."""

    headers: dict[str, str]
    trace_id: str | None = NEW
    parent: str | None = None
    decision: bool | None = None


def xray(value: str) -> dict[str, str]:
    return {"X-Amzn-Trace-Id": value}


def w3c(value: str) -> dict[str, str]:
    return {"traceparent": value}


CASES = {
    "no header": Case({}),
    "traceparent sampled": Case(w3c(f"00-{W3C}-{SPAN}-01"), W3C, SPAN, True),
    "traceparent not sampled": Case(w3c(f"00-{W3C}-{SPAN}-00"), W3C, SPAN, False),
    "traceparent with tracestate": Case(w3c(f"00-{W3C}-{SPAN}-01") | {"tracestate": "a=b"}, W3C, SPAN, True),
    "traceparent of a later version": Case(w3c(f"01-{W3C}-{SPAN}-01-more"), W3C, SPAN, True),
    "root only": Case(xray(ROOT), XRAY),
    "root of a load balancer behind another": Case(xray(f"Self=1-67891234-12456789abcdef012345678;{ROOT}"), XRAY),
    "root and sampled": Case(xray(f"{ROOT};Sampled=1"), XRAY, None, True),
    "root and not sampled": Case(xray(f"{ROOT};Sampled=0"), XRAY, None, False),
    "root and undecided": Case(xray(f"{ROOT};Sampled=?"), XRAY),
    "all, sampled": Case(xray(f"{ROOT};Parent={PARENT};Sampled=1"), XRAY, PARENT, True),
    "all, not sampled": Case(xray(f"{ROOT};Parent={PARENT};Sampled=0"), XRAY, PARENT, False),
    "all, undecided": Case(xray(f"{ROOT};Parent={PARENT};Sampled=?"), XRAY, PARENT),
    "no Sampled": Case(xray(f"{ROOT};Parent={PARENT}"), XRAY, PARENT),
    "other fields": Case(xray(f"{ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0"), XRAY, PARENT, True),
    "a field of a browser's": Case(xray(f"{ROOT};Parent={PARENT};Sampled=1;_dd.origin=rum"), XRAY, PARENT, True),
    "a long field of a vendor's": Case(
        xray(f"{ROOT};Parent={PARENT};Sampled=0;_dd.p.usr={'a' * 512}"), XRAY, PARENT, False
    ),
    "a field without a name": Case(xray(f"{ROOT};=;;x;Parent={PARENT};Sampled=0"), XRAY, PARENT, False),
    "spaces": Case(xray(f" {ROOT}; Parent={PARENT}; Sampled=1 "), XRAY, PARENT, True),
    "upper case": Case(xray(f"{ROOT};Parent={PARENT.upper()};Sampled=1"), XRAY, PARENT, True),
    "an SDK that did not sample": Case(
        xray("Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0"), NEW, None, False
    ),
    "both headers": Case(w3c(f"00-{W3C}-{SPAN}-01") | xray(f"{ROOT};Parent={PARENT};Sampled=0"), W3C, SPAN, True),
    "both headers, traceparent malformed": Case(
        w3c(f"00-{W3C}-{SPAN}") | {"tracestate": "a=b"} | xray(f"{ROOT};Parent={PARENT};Sampled=1"), XRAY, PARENT, True
    ),
    "both headers, X-Ray malformed": Case(w3c(f"00-{W3C}-{SPAN}-00") | xray("Root=nonsense"), W3C, SPAN, False),
    "traceparent of zeros": Case(w3c(f"00-{'0' * 32}-{SPAN}-01")),
    "traceparent without span": Case(w3c(f"00-{W3C}-{'0' * 16}-01")),
    "traceparent of version ff": Case(w3c(f"ff-{W3C}-{SPAN}-01")),
    "traceparent in upper case": Case(w3c(f"00-{W3C.upper()}-{SPAN}-01")),
    "traceparent with a tail": Case(w3c(f"00-{W3C}-{SPAN}-01-tail")),
    "traceparent oversized": Case(w3c(f"01-{W3C}-{SPAN}-01-{'a' * 8000}")),
    "empty": Case(xray("") | w3c("")),
    "no root": Case(xray("Sampled=1")),
    "root too short": Case(xray("Root=1-5759e988-bd862e3fe1be46a99427279;Sampled=1")),
    "root not hexadecimal": Case(xray("Root=1-5759e988-bd862e3fe1be46a99427279g;Sampled=1")),
    "root of another version": Case(xray("Root=2-5759e988-bd862e3fe1be46a994272793;Sampled=1")),
    "parent malformed": Case(xray(f"{ROOT};Parent=5;Sampled=1"), XRAY, None, True),
    "sampled malformed": Case(xray(f"{ROOT};Parent={PARENT};Sampled=yes"), XRAY, PARENT),
    "no equals sign": Case(xray(f"{ROOT};Parent"), XRAY),
    "twice": Case(xray(f"{ROOT};Sampled=1,{ROOT};Sampled=0")),
    "a key twice": Case(xray(f"{ROOT};{ROOT};Sampled=1")),
    "oversized": Case(xray(f"{ROOT};Parent={PARENT};Sampled=1;A={'a' * 8000}")),
    "not ASCII": Case(xray(f"{ROOT};Parent={PARENT};Sampled=1;A=\xe4"), XRAY, PARENT, True),
    "digits that are not ASCII": Case(xray(f"{ROOT};Parent=\xb2995c3f42cd8ad8;Sampled=1"), XRAY, None, True),
}

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
both_decisions = pytest.mark.parametrize("rules_say", [True, False], ids=["rules sample", "rules do not"])


def only_span(app: Traced) -> ReadableSpan | None:
    spans = app.spans()
    assert len(spans) <= 1
    return spans[0] if spans else None


def check_span(span: ReadableSpan, case: Case) -> None:
    assert span.context is not None
    if case.trace_id is not NEW:
        assert f"{span.context.trace_id:032x}" == case.trace_id
    else:
        assert f"{span.context.trace_id:032x}" not in {W3C, XRAY}
    assert (f"{span.parent.span_id:016x}" if span.parent else None) == case.parent


@every_case
@both_decisions
def test_both_wires_agree(traced: Make, case: Case, rules_say: bool) -> None:
    """Span and segment have the id and the parent that came, one id, and one decision."""
    app = traced(decision="Default" if rules_say else False)
    response = app.client.get("/", headers=case.headers)
    assert (response.status_code, response.text) == (200, "hello")
    span, segments = only_span(app), app.datagrams.documents()
    assert len(app.rules.asked) == (case.decision is None)
    if not (rules_say if case.decision is None else case.decision):
        assert (span, segments) == (None, [])
        return
    assert span is not None
    assert span.context is not None
    check_span(span, case)
    (segment,) = segments
    assert segment["trace_id"].replace("-", "")[1:] == f"{span.context.trace_id:032x}"
    assert (segment["id"], segment.get("parent_id")) == (f"{span.context.span_id:016x}", case.parent)


@every_case
@both_decisions
def test_without_opentelemetry(traced: Make, case: Case, rules_say: bool) -> None:
    """Nobody has started it: the segments are the same."""
    app = traced(opentelemetry=False, decision=rules_say)
    response = app.client.get("/", headers=case.headers)
    assert (response.status_code, response.text) == (200, "hello")
    segments = app.datagrams.documents()
    assert only_span(app) is None
    assert bool(segments) == (rules_say if case.decision is None else case.decision)
    for segment in segments:
        assert case.trace_id in {NEW, segment["trace_id"].replace("-", "")[1:]}
        assert segment.get("parent_id") == case.parent


@pytest.mark.parametrize("settings", [{"segments": False}, {"xray_enabled": False}], ids=["off", "SDK switched off"])
@both_decisions
def test_without_segments_the_rules_decide(traced: Make, settings: dict[str, bool], rules_say: bool) -> None:
    """The wire is off, and the span is as it was."""
    app = traced(decision=rules_say, **settings)
    app.client.get("/", headers=xray(f"{ROOT};Parent={PARENT};Sampled=?"))
    span = only_span(app)
    assert (app.datagrams.raw(), len(app.rules.asked), span is not None) == ([], 1, rules_say)
    if span is not None:
        check_span(span, CASES["all, undecided"])


@pytest.fixture
def propagators() -> Iterator[Callable[[str], None]]:
    """Set OpenTelemetry's global propagators by their names."""
    before = propagate.get_global_textmap()

    def choose(*chosen: TextMapPropagator) -> None:
        propagate.set_global_textmap(CompositePropagator(chosen))

    yield choose  # type: ignore[misc]
    propagate.set_global_textmap(before)


B3 = {
    "b3multi, sampled": ({"X-B3-TraceId": W3C, "X-B3-SpanId": SPAN, "X-B3-Sampled": "1"}, W3C, True),
    "b3multi, not sampled": ({"X-B3-TraceId": W3C, "X-B3-SpanId": SPAN, "X-B3-Sampled": "0"}, W3C, False),
    "b3multi, a decision alone": ({"X-B3-Sampled": "0"}, None, False),
    "nothing of b3": ({"X-Amzn-Trace-Id": f"{ROOT};Sampled=1"}, XRAY, True),
}


@pytest.mark.parametrize(("headers", "trace_id", "decision"), B3.values(), ids=list(B3))
def test_the_configured_propagators_are_followed(
    traced: Make, propagators: Any, headers: dict[str, str], trace_id: str | None, decision: bool
) -> None:
    """The caller's decision and ids, in the headers of any propagator; X-Ray's header is read besides."""
    propagators(B3MultiFormat(), TraceContextTextMapPropagator())
    app = traced(decision=not decision)
    app.client.get("/", headers=headers)
    span = only_span(app)
    assert (span is not None, app.rules.asked) == (decision, [])
    if span is not None and trace_id is not None:
        assert span.context is not None
        assert f"{span.context.trace_id:032x}" == trace_id


def test_a_propagator_that_is_not_configured_is_not_read(traced: Make, propagators: Any) -> None:
    """OTEL_PROPAGATORS without tracecontext."""
    propagators(B3MultiFormat())
    app = traced()
    app.client.get("/", headers=w3c(f"00-{W3C}-{SPAN}-00"))
    assert only_span(app) is not None


def test_the_caller_who_asks_is_told_the_decision(traced: Make) -> None:
    """`Sampled=?` makes the response say what was decided; the Root alone is answered otherwise."""
    app = traced(decision=False)
    asked = app.client.get("/", headers=xray(f"{ROOT};Sampled=?"))
    unasked = app.client.get("/", headers=xray(ROOT))
    assert asked.headers["X-Amzn-Trace-Id"] == f"{ROOT};Sampled=0"
    assert unasked.headers["X-Amzn-Trace-Id"] == ROOT


def test_a_root_is_for_one_span(traced: Make) -> None:
    """A second trace that the app starts in the same request has an id of its own."""
    app = traced()
    app.client.get("/", headers=xray(ROOT))
    app.client.get("/")
    first, second = app.spans()
    assert first.context is not None
    assert second.context is not None
    assert first.context.trace_id != second.context.trace_id
