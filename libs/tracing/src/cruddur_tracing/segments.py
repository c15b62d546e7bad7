"""Begins and ends the X-Ray segment of each request: the same document as aws_xray_sdk's XRayMiddleware, for less work.

`install` registers the three hooks, after OpenTelemetry's. They never raise and never ask for a second decision.
"""

import functools
import traceback
from collections.abc import Callable
from typing import Any, Final, TypeVar

from aws_xray_sdk.core.models.dummy_entities import DummySegment
from flask import Flask, Request, Response, before_render_template, request, template_rendered
from flask.globals import request_ctx
from opentelemetry import trace

from cruddur_tracing.central import RequestRules
from cruddur_tracing.failures import Failures
from cruddur_tracing.incoming import INCOMING, Incoming
from cruddur_tracing.upstream import xray_id

SEGMENT: Final = "cruddur_tracing.segment"  # in the WSGI environ
OWNER: Final = "cruddur_tracing.request_context"
EVENT: Final = "segment.hook"

Result = TypeVar("Result")


class SegmentHooks:
    """The X-Ray side of a request. With `under_span` it follows OpenTelemetry's span, else it decides by the rules."""

    def __init__(self, recorder: Any, rules: RequestRules, failures: Failures, *, under_span: bool) -> None:
        self._recorder = recorder
        self._rules = rules
        self._failures = failures
        self._under_span = under_span

    def register(self, app: Flask) -> None:
        """Put the hooks into `app`. Raises AssertionError if it has answered a request already."""
        app.before_request(self._never_fails(self._begin))
        app.after_request(self._after)
        app.teardown_request(self._never_fails(self._end))
        before_render_template.connect(self._never_fails(self._begin_template), app, weak=False)
        template_rendered.connect(self._never_fails(self._end_template), app, weak=False)

    def _never_fails(self, hook: Callable[..., Result]) -> Callable[..., Result | None]:
        @functools.wraps(hook)
        def guarded(*args: Any, **kwargs: Any) -> Result | None:
            try:
                return hook(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - a request must not fail because its trace does
                self._failures.note(EVENT, f"{hook.__name__}: {type(error).__name__}: {error}")
                return None

        return guarded

    def _begin(self) -> None:
        incoming = INCOMING.get()
        if incoming is None:
            return
        trace_id, parent_id, sampled = self._context(incoming)
        if sampled:
            segment = self._recorder.begin_segment(
                name=incoming.service,
                traceid=xray_id(trace_id) if trace_id else None,
                parent_id=f"{parent_id:016x}" if parent_id else None,
                sampling=incoming.rule or 1,
            )
            segment.http = {"request": _request_meta(request)}
        else:
            segment = DummySegment(incoming.service)
            if trace_id:
                segment.trace_id = xray_id(trace_id)
            self._recorder.context.put_segment(segment)
        request.environ[SEGMENT] = segment
        request.environ[OWNER] = request_ctx._get_current_object()  # type: ignore[attr-defined]

    def _context(self, incoming: Incoming) -> tuple[int | None, int | None, bool]:
        """Return trace id, parent id and decision: the span's, or what the request brought and the rules say."""
        if incoming.excluded:
            return None, None, False
        if self._under_span:
            span = trace.get_current_span().get_span_context()
            return span.trace_id or None, span.span_id or None, bool(span.is_valid and span.trace_flags.sampled)
        upstream = incoming.upstream
        sampled = self._rules.decide(incoming) if upstream.sampled is None else upstream.sampled
        return upstream.trace_id, upstream.parent_id, sampled

    def _after(self, response: Response) -> Response:
        self._never_fails(self._describe)(response)
        return response

    def _describe(self, response: Response) -> None:
        segment = request.environ.get(SEGMENT)
        incoming = INCOMING.get()
        if segment is None or incoming is None or incoming.excluded:
            return
        if segment.sampled:
            segment.put_http_meta("status", response.status_code)
            length = response.headers.get("Content-Length", type=int)
            if length:
                segment.put_http_meta("content_length", length)
        if not segment.trace_id.startswith("1-00000000-"):
            told = f";Sampled={int(bool(segment.sampled))}" if incoming.upstream.asked else ""
            response.headers["X-Amzn-Trace-Id"] = f"Root={segment.trace_id}{told}"

    def _end(self, error: BaseException | None) -> None:
        environ = request.environ
        if environ.get(OWNER) is not request_ctx._get_current_object():  # type: ignore[attr-defined]
            return  # no segment, or a copy of the request's context that ends before the request does
        del environ[OWNER]
        segment = environ.pop(SEGMENT)
        if not segment.sampled:
            self._recorder.clear_trace_entities()
            return
        self._close_open_subsegments(segment)
        if error is not None:
            segment.put_http_meta("status", 500)
            segment.add_exception(error, _stack(error, self._recorder.max_trace_back))
        self._recorder.end_segment()

    def _close_open_subsegments(self, segment: Any) -> None:
        """End what the handler left open in this thread, or the segment would wait for it for ever."""
        entity = self._recorder.get_trace_entity()
        while entity is not None and entity is not segment and getattr(entity, "parent_segment", None) is segment:
            self._recorder.end_subsegment()
            entity = self._recorder.get_trace_entity()
        if entity is not segment:  # the handler began a segment of its own, or cleared ours
            self._recorder.set_trace_entity(segment)

    def _begin_template(self, _app: Flask, template: Any, **_context: object) -> None:
        if request and SEGMENT in request.environ:
            self._recorder.begin_subsegment(template.name or "template_render")

    def _end_template(self, _app: Flask, **_context: object) -> None:
        if request and SEGMENT in request.environ:
            self._recorder.end_subsegment()


def _request_meta(asked: Request) -> dict[str, Any]:
    """Return `http.request` of a segment document
    (https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html)."""
    environ = asked.environ
    meta: dict[str, Any] = {"url": asked.base_url, "method": asked.method}
    if agent := environ.get("HTTP_USER_AGENT"):
        meta["user_agent"] = agent
    if forwarded := environ.get("HTTP_X_FORWARDED_FOR"):
        meta |= {"client_ip": forwarded, "x_forwarded_for": True}
    elif address := environ.get("REMOTE_ADDR"):
        meta["client_ip"] = address
    return meta


def _stack(error: BaseException, limit: int) -> list[traceback.FrameSummary]:
    """Return the innermost frames of where `error` was raised; the SDK's middleware records its own frames instead."""
    return traceback.extract_tb(error.__traceback__, limit=-limit) if limit else []
