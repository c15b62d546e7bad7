"""The SDK's XRayMiddleware for Flask: taken out of an app that is traced without it, and kept out.

It registers three hooks in the app, and puts a recording function into `flask.templating` for all apps of the process.
"""

import inspect
import logging
import sys
from collections.abc import Callable
from typing import Any, Final

import flask.templating
from flask import Flask

log = logging.getLogger("cruddur_tracing")

MODULE: Final = "aws_xray_sdk.ext.flask.middleware"


def remove_middleware(app: Flask) -> bool:
    """Take XRayMiddleware out of an app; return whether it was there."""
    module = sys.modules.get(MODULE)
    middleware = getattr(module, "XRayMiddleware", None)
    if middleware is None:
        return False
    removed = False
    for registered in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs):
        hooks: Any
        for hooks in registered.values():
            kept = [hook for hook in hooks if not isinstance(getattr(hook, "__self__", None), middleware)]
            removed = removed or len(kept) < len(hooks)
            hooks[:] = kept
    if removed:
        _restore_render()
        log.info("XRayMiddleware is taken over: its requests are recorded once, on both wires")
    return removed


def _restore_render() -> None:
    """Put back the function that XRayMiddleware has replaced, once for each time."""
    while True:
        function = inspect.unwrap(flask.templating._render)
        if getattr(function, "__module__", None) != MODULE:
            return
        flask.templating._render = inspect.getclosurevars(function).nonlocals["_render"]


def replace_init(middleware: Any, on_app: Callable[[Any], None]) -> Callable[[], None]:
    """Make `XRayMiddleware(app, recorder)` call `on_app(app)` instead; return what undoes that."""
    init = middleware.__init__

    def taken_over(self: Any, app: Any, recorder: Any) -> None:
        self.app, self._recorder, self.in_lambda_ctx = app, recorder, False
        log.info("XRayMiddleware is taken over: it registers nothing in the app %r", getattr(app, "name", app))
        on_app(app)

    def restore() -> None:
        middleware.__init__ = init

    middleware.__init__ = taken_over
    return restore
