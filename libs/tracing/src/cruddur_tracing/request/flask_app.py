"""Patches the tracing into Flask: around the innermost WSGI app, and where a response and an exception are known.

The methods of the class are wrapped, once in a process, so that it does not matter in which order an app is made,
wrapped and instrumented. An app that is not traced goes through them unchanged.
"""

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import flask
from werkzeug.wsgi import ClosingIterator, FileWrapper

from cruddur_tracing.request.entrance import answer
from cruddur_tracing.request.handling import CURRENT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from cruddur_tracing.request.app import TracedApp

EXTENSION: Final = "cruddur_tracing"
_ENTERED: Final = "cruddur_tracing.app"  # in the WSGI environ: the app whose request is being traced
_OUTSIDE: Final = "cruddur_tracing.outside"  # in the WSGI environ: the app's own layers lie within the tracing
_COMPLETE: Final = (list, tuple)
_PATCHED: Final = "_cruddur_tracing"

Find = Callable[[flask.Flask], "TracedApp | None"]


def patch(find: Find) -> None:
    """Trace every request of the apps that `find` returns; a second call replaces `find`."""
    _Patches.find = staticmethod(find)
    for name, wrap in (
        ("wsgi_app", _wsgi_app),
        ("process_response", _process_response),
        ("handle_exception", _handle_exception),
    ):
        original = getattr(flask.Flask, name)
        if not hasattr(original, _PATCHED):
            wrapped = functools.wraps(original)(wrap(original))
            setattr(wrapped, _PATCHED, original)
            setattr(flask.Flask, name, wrapped)


def unpatch() -> None:
    """Restore Flask's own methods."""
    for name in ("wsgi_app", "process_response", "handle_exception"):
        original = getattr(getattr(flask.Flask, name), _PATCHED, None)
        if original is not None:
            setattr(flask.Flask, name, original)


class _Patches:
    find: Find = staticmethod(lambda _app: None)


def _wsgi_app(original: Any) -> Any:
    def wsgi_app(self: flask.Flask, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        traced = self.extensions.get(EXTENSION) or _Patches.find(self)
        if traced is None or environ.get(_ENTERED) is self:
            return original(self, environ, start_response)  # type: ignore[no-any-return]
        environ[_ENTERED] = self
        return answer(traced, functools.partial(original, self), environ, start_response)

    return wsgi_app


def enter(app: flask.Flask, traced: "TracedApp") -> None:
    """Trace an app whose method was wrapped before the patch: around the wrapper."""
    if "wsgi_app" not in vars(app):
        return
    below = app.wsgi_app
    if getattr(below, "__self__", None) is app:
        del app.wsgi_app
        return

    def entered(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ[_ENTERED] = app
        environ[_OUTSIDE] = True
        return answer(traced, below, environ, start_response)

    app.wsgi_app = entered  # type: ignore[method-assign]


def _process_response(original: Any) -> Any:
    def process_response(self: flask.Flask, *arguments: Any) -> Any:
        response = original(self, *arguments)
        handling = CURRENT.get()
        if handling is None:
            return response
        handling.streamed = type(response.response) not in _COMPLETE and is_streamed(response)
        environ = handling.environ
        if environ is not None:
            request = environ.get("werkzeug.request")
            if request is None or _OUTSIDE in environ:  # the app's own layers may have made another of it
                request = flask.request._get_current_object()  # type: ignore[attr-defined]
                if _OUTSIDE in environ:
                    handling.describe_again(request.environ)
            rule = request.url_rule
            if rule is not None:
                handling.route = rule.rule
        return response

    return process_response


def is_streamed(response: Any) -> bool:
    """Return whether code of the app may still run for the body.

    What werkzeug makes of an HTTP error or a file is an iterator as well, but a complete one of a known length.
    """
    complete = isinstance(response.response, (ClosingIterator, FileWrapper)) and "Content-Length" in response.headers
    return bool(response.is_streamed) and not complete


def _handle_exception(original: Any) -> Any:
    def handle_exception(self: flask.Flask, *arguments: Any) -> Any:
        handling = CURRENT.get()
        if handling is not None:
            handling.error = arguments[-1]
        return original(self, *arguments)

    return handle_exception
