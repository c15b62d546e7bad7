"""Records what an app renders as spans named after the templates, as X-Ray's middleware does."""

from typing import Any, Final

import flask
from opentelemetry import context, trace

from cruddur_tracing.recording.span import Span
from cruddur_tracing.recording.start import Start, start_child
from cruddur_tracing.request.handling import CURRENT

NAMELESS: Final = "template_render"


def watch() -> None:
    """Record every app of the process; a second call does nothing."""
    flask.before_render_template.connect(_begin)
    flask.template_rendered.connect(_end)


def unwatch() -> None:
    """Stop recording."""
    flask.before_render_template.disconnect(_begin)
    flask.template_rendered.disconnect(_end)


def _begin(_app: flask.Flask, template: Any, **_context: object) -> None:
    handling = CURRENT.get()
    above = trace.get_current_span()
    if handling is None or not isinstance(above, Span) or not above.is_recording():
        return
    span = start_child(above, template.name or NAMELESS, Start(scope=handling.app.scope))
    if handling.templates is None:
        handling.templates = []
    handling.templates.append((span, context.attach(trace.set_span_in_context(span))))


def _end(_app: flask.Flask, **_context: object) -> None:
    handling = CURRENT.get()
    if handling is not None and handling.templates:
        span, token = handling.templates.pop()
        context.detach(token)
        span.end()
