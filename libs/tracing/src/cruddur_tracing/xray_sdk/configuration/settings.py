"""What an app configures with X-Ray's API, as values, and what the recorder needs from its process."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from cruddur_tracing.recording.pipeline import Pipeline
from xray_model.matching import matches_pattern

log = logging.getLogger("cruddur_tracing")

TRACING_NAME: Final = "AWS_XRAY_TRACING_NAME"
DAEMON_ADDRESS: Final = "AWS_XRAY_DAEMON_ADDRESS"
WITHOUT_EFFECT: Final = {
    "context": "the current segment or subsegment is OpenTelemetry's current span",
    "enabled": "AWS_XRAY_SDK_ENABLED decides whether segments are sent",
    "emitter": "documents are sent by the wires; a SpanProcessor of the app's TracerProvider gets every span",
    "streaming": "large traces are divided by their bytes",
    "streaming_threshold": "large traces are divided by their bytes",
}


class RecorderSettings(NamedTuple):
    """What an app has configured with X-Ray's API; None is what it has not.

    `enabled` is false if it has switched the SDK off, and so wants no segments sent; `sampling` if it wants every new
    trace recorded. `daemon_address` is as AWS_XRAY_DAEMON_ADDRESS has it. `sampler` has `should_trace(request)`,
    `dynamic_naming` has `get_name(host)`. `sampling_rules` are local rules, for as long as X-Ray's are not known.
    `origin` and `aws` are what plugins found out; an empty `aws` removes it.
    """

    enabled: bool | None = None
    service: str | None = None
    daemon_address: str | None = None
    sampling: bool | None = None
    sampler: Any = None
    sampling_rules: Mapping[str, Any] | None = None
    dynamic_naming: Any = None
    origin: str | None = None
    aws: Mapping[str, Any] | None = None
    max_trace_back: int | None = None

    def __bool__(self) -> bool:
        return self != _NONE


_NONE: Final = RecorderSettings()


class Wiring(NamedTuple):
    """What the recorder needs of the process.

    `pipeline` returns where the spans of a new trace go, None if tracing is switched off. `should_trace` decides about
    one that begins outside of any request, as a sampler of aws_xray_sdk does: it gets a dictionary with `service`, and
    from a middleware `host`, `method` and `path`, and returns the name of the rule that sampled it, or a boolean.
    `service` returns the name of the service, for segments that have none of their own. `on_configure` takes what the
    app configures; `on_flask_middleware` a Flask app that would have been given the SDK's XRayMiddleware.
    """

    pipeline: Callable[[], Pipeline | None]
    should_trace: Callable[[dict[str, Any]], str | bool]
    service: Callable[[], str | None] = lambda: None
    on_configure: Callable[[RecorderSettings], None] = lambda _settings: None
    on_flask_middleware: Callable[[Any], None] = lambda _app: None


NO_WIRING: Final = Wiring(pipeline=lambda: None, should_trace=lambda _request: False)


class DefaultDynamicNaming:
    """Names a segment by the request's host if that matches a pattern of `*` and `?`, and else `fallback`."""

    def __init__(self, pattern: str, fallback: str | None) -> None:
        self._pattern = pattern
        self._fallback = fallback

    def get_name(self, host_name: str | None) -> str | None:
        """Return the name for a request to a host."""
        if host_name and matches_pattern(self._pattern, host_name):
            return host_name
        return self._fallback


class Rules:
    """The sampler of the recorder: the rules that also decide about requests."""

    def __init__(self, recorder: Any) -> None:
        self._recorder = recorder

    def should_trace(self, sampling_req: dict[str, Any] | None = None) -> str | bool:
        """Return the name of the rule that samples a trace, True if it has none, False if it is not sampled."""
        decision: str | bool = self._recorder.wiring.should_trace(sampling_req or {})
        return decision

    def load_local_rules(self, rules: Mapping[str, Any]) -> None:
        """Use local rules for as long as X-Ray's are not known."""
        self._recorder.changed(sampling_rules=rules)


class Emitter:
    """Where the recorder sends to: the wires. It keeps the agent's address."""

    def __init__(self, recorder: Any) -> None:
        self._recorder = recorder

    def set_daemon_address(self, address: str) -> None:
        """Set the agent's address."""
        if address:
            self._recorder.changed(daemon_address=os.environ.get(DAEMON_ADDRESS, address))

    def send_entity(self, entity: Any) -> None:
        """Warn: what is recorded is sent when it ends."""
        log.warning("send_entity(%r) is ignored: segments and subsegments are sent when they end", entity)


class Streaming:
    """The division of large traces, which is the wires' task."""

    streaming_threshold = 30

    def is_eligible(self, _segment: Any) -> bool:
        """Return False: there is nothing to be done."""
        return False

    def stream(self, _entity: Any, _callback: Any) -> None:
        """Do nothing."""


def warn_without_effect(argument: str) -> None:
    """Warn that a setting has no effect here, and why."""
    log.warning("xray_recorder: %s has no effect: %s", argument, WITHOUT_EFFECT[argument])
