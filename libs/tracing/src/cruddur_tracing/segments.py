"""Begins and ends the X-Ray segment of each request: the same document as aws_xray_sdk's XRayMiddleware, for less work.

`install` registers the hooks, after those that make the span. They never raise and never ask for a second decision.
"""

import functools
import traceback
from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, Response, before_render_template, request, template_rendered
from flask.globals import request_ctx
from opentelemetry import trace

from cruddur_tracing.central import RequestRules
from cruddur_tracing.entities import QuietSegments, sampled_segment
from cruddur_tracing.failures import Failures
from cruddur_tracing.incoming import INCOMING, Incoming
from cruddur_tracing.request_meta import segment_request
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
        self._quiet = QuietSegments(recorder.service)
        self.begin = self._never_fails(self._begin)
        self.end = self._never_fails(self._end)
        self._guarded_describe = self._never_fails(self._describe)

    def watch_templates(self, app: Flask) -> None:
        """Record what `app` renders as subsegments."""
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
        root = xray_id(trace_id) if trace_id else None
        context = request_ctx._get_current_object()  # type: ignore[attr-defined]
        if sampled:
            parent = f"{parent_id:016x}" if parent_id else None
            segment = sampled_segment(self._recorder, incoming.service, root, parent, incoming.rule)
            segment.http = {"request": segment_request(context.request)}
        else:
            segment = self._quiet.make(incoming.service, root)
        self._recorder.context.put_segment(segment)
        environ = context.request.environ
        environ[SEGMENT], environ[OWNER] = segment, context

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

    def after(self, response: Response) -> Response:
        """Describe the response; a hook for `after_request`."""
        self._guarded_describe(response)
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
        context = request_ctx._get_current_object()  # type: ignore[attr-defined]
        environ = context.request.environ
        if environ.get(OWNER) is not context:
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


def _stack(error: BaseException, limit: int) -> list[traceback.FrameSummary]:
    """Return the innermost frames of where `error` was raised; the SDK's middleware records its own frames instead."""
    return traceback.extract_tb(error.__traceback__, limit=-limit) if limit else []
