"""Takes OpenTelemetry's own Flask instrumentation out of an app: the server span is made here.

Its configuration stays in effect: hooks, excluded URLs, and its metrics, for which its WSGI layer stays in the app.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from flask import Flask

from cruddur_tracing.adoption.metrics import has_metrics

MODULE: Final = "opentelemetry.instrumentation.flask"
SPAN_KEY: Final = "opentelemetry-flask.span_key"  # in the WSGI environ; its layer warns when it is missing


class Given(NamedTuple):
    """The configuration of an app's instrumentation. `stays`: its WSGI layer is still around the app."""

    request_hook: Callable[..., Any] | None = None
    response_hook: Callable[..., Any] | None = None
    excluded_url: Callable[[str], bool] | None = None
    stays: bool = False


def is_in(app: Flask) -> bool:
    """Return whether the app's hooks have been instrumented and not been taken out."""
    return getattr(app, "_is_instrumented_by_opentelemetry", False) and bool(_hooks(app))


def take_out(app: Flask, environ: Mapping[str, str]) -> Given:
    """Remove its hooks, and its WSGI layer unless it serves metrics or is inside another layer."""
    known: dict[str, Any] = {}
    for hook in _hooks(app):
        known |= inspect.getclosurevars(hook).nonlocals
    for registered in (app.before_request_funcs, app.teardown_request_funcs):
        hooks: list[Any] = registered.get(None, [])
        hooks[:] = [hook for hook in hooks if getattr(hook, "__module__", "") != MODULE]
    stays = True
    below = getattr(app, "_original_wsgi_app", None)
    if getattr(app.wsgi_app, "__module__", "") == MODULE and below is not None:
        known |= dict(inspect.getclosurevars(app.wsgi_app).nonlocals)
        if not has_metrics(environ):
            app.wsgi_app = below  # type: ignore[method-assign]
            stays = False
    excluded = known.get("excluded_urls")
    response_hook = known.get("response_hook")
    return Given(
        known.get("request_hook"),
        None if stays else response_hook,  # its own layer calls it
        excluded.url_disabled if excluded is not None and getattr(excluded, "_excluded_urls", None) else None,
        stays,
    )


def _hooks(app: Flask) -> list[Any]:
    return [hook for hook in app.before_request_funcs.get(None, []) if getattr(hook, "__module__", "") == MODULE]
