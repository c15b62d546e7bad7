"""The recorder for `http.client`, of which the SDK's extension wraps three functions: a request is one subsegment.

It begins when the request is sent, with the header that names it, and ends when the response has begun. Reading the
body is not part of it.
"""

from typing import Any, Final

from aws_xray_sdk.ext.util import inject_trace_header

from cruddur_tracing.xray_sdk.recorder import frames
from cruddur_tracing.xray_sdk.recorder.blocks import Call
from cruddur_tracing.xray_sdk.takeover.guards import Guard

_FRAME: Final = "_cruddur_tracing_frame"
_HEADERS: Final = 3  # the position in `_send_request(method, url, body, headers)`


class HttplibGuard(Guard):
    """The recorder for `http.client`."""

    def current_subsegment(self) -> None:
        """Return None: the header is put in when the request's own subsegment has begun."""

    def record_subsegment(self, wrapped: Any, instance: Any, args: Any, kwargs: Any, **subsegment: Any) -> Any:
        """Send a request or receive the beginning of its response."""
        part = subsegment["meta_processor"].__name__
        if part == "http_send_request_processor" and not self.passes:
            return self._send(wrapped, instance, args, kwargs, subsegment)
        if part == "http_response_processor":
            return self._receive(wrapped, instance, args, kwargs, subsegment)
        return wrapped(*args, **kwargs)

    def _send(self, wrapped: Any, instance: Any, args: Any, kwargs: Any, subsegment: dict[str, Any]) -> Any:
        frame = self._recorder.push_subsegment(subsegment["name"], subsegment["namespace"])
        if frame is None:
            return wrapped(*args, **kwargs)
        call = Call(self._recorder, frame, (wrapped, instance, args, kwargs), subsegment["meta_processor"])
        try:
            value = wrapped(*_with_header(frame.entity, args), **kwargs)
        except BaseException as error:
            call.failed(error)
            raise
        call.describe(value)
        frames.step_out(frame)
        setattr(instance, _FRAME, frame)
        return value

    def _receive(self, wrapped: Any, instance: Any, args: Any, kwargs: Any, subsegment: dict[str, Any]) -> Any:
        frame = vars(instance).pop(_FRAME, None)
        if frame is None:
            return wrapped(*args, **kwargs)
        call = Call(self._recorder, frame, (wrapped, instance, args, kwargs), subsegment["meta_processor"])
        try:
            value = wrapped(*args, **kwargs)
        except BaseException as error:
            call.failed(error)
            raise
        call.returned(value)
        return value


def _with_header(entity: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments with the trace header: in a new dictionary, because `request()` has a shared default."""
    if len(args) <= _HEADERS:
        return args
    headers = dict(args[_HEADERS])
    inject_trace_header(headers, entity)
    return (*args[:_HEADERS], headers, *args[_HEADERS + 1 :])
