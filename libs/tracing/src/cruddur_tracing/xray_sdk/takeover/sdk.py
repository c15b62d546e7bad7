"""The installed aws_xray_sdk, taken over: its global recorder becomes ours, wherever an app has imported it.

It stays an instance of the SDK's classes, as our entities and exceptions become. Imported only after the SDK.
"""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, Final

from aws_xray_sdk.core import patcher, xray_recorder
from aws_xray_sdk.core.async_recorder import AsyncAWSXRayRecorder
from aws_xray_sdk.core.exceptions import exceptions as sdk_errors
from aws_xray_sdk.core.models import dummy_entities, segment, subsegment
from aws_xray_sdk.sdk_config import SDKConfig

from cruddur_tracing.xray_sdk import errors
from cruddur_tracing.xray_sdk.configuration.settings import Wiring
from cruddur_tracing.xray_sdk.entities import dummies, kinds
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from cruddur_tracing.xray_sdk.takeover import previous
from cruddur_tracing.xray_sdk.takeover.cursors import recorded_cursor

_ALWAYS_ENABLED: Final = SimpleNamespace(sdk_enabled=lambda: True)
_ENTITIES: Final = (
    (kinds.Segment, segment.Segment),
    (kinds.Subsegment, subsegment.Subsegment),
    (dummies.DummySegment, dummy_entities.DummySegment),
    (dummies.DummySubsegment, dummy_entities.DummySubsegment),
)
_EXCEPTIONS: Final = tuple((ours, getattr(sdk_errors, ours.__name__)) for ours in errors.XRayError.__subclasses__())


class XRayRecorder(Recorder, AsyncAWSXRayRecorder):  # type: ignore[misc]
    """The SDK's global recorder, taken over."""

    def record_subsegment(
        self, wrapped: Any, instance: Any, args: Any, kwargs: Any, name: str, namespace: str, meta_processor: Any
    ) -> Any:
        """Call a function inside a subsegment; a query that OpenTelemetry records, only call."""
        cursor = recorded_cursor(instance)
        if cursor is not None:
            return getattr(cursor, wrapped.__name__)(*args, **kwargs)
        return super().record_subsegment(wrapped, instance, args, kwargs, name, namespace, meta_processor)


def take_over(wiring: Wiring) -> Callable[[], None]:
    """Make the SDK's global recorder ours, with what it was configured with; return what undoes it."""
    before_class, before = type(xray_recorder), vars(xray_recorder).copy()
    settings, context_missing = previous.settings_of(xray_recorder), xray_recorder.context.context_missing
    stream_sql = xray_recorder.stream_sql
    bases = [(ours, ours.__bases__) for ours, _ in (*_ENTITIES, *_EXCEPTIONS)]
    enabled, set_enabled = patcher.global_sdk_config, vars(SDKConfig)["set_sdk_enabled"]
    for ours, theirs in (*_ENTITIES, *_EXCEPTIONS):
        ours.__bases__ = (*ours.__bases__, theirs)
    # AWS_XRAY_SDK_ENABLED=false switches a wire off; the calls are still recorded, so the patches must be made.
    patcher.global_sdk_config = _ALWAYS_ENABLED
    SDKConfig.set_sdk_enabled = classmethod(partial(_set_enabled, set_enabled.__func__))
    xray_recorder.__class__ = XRayRecorder
    Recorder.__init__(xray_recorder)
    xray_recorder.adopt(settings)
    xray_recorder.context.context_missing = context_missing
    xray_recorder.stream_sql = stream_sql
    xray_recorder.wire(wiring)

    def release() -> None:
        xray_recorder.__class__ = before_class
        vars(xray_recorder).clear()
        vars(xray_recorder).update(before)
        patcher.global_sdk_config = enabled
        SDKConfig.set_sdk_enabled = set_enabled
        for ours, theirs in reversed(bases):
            ours.__bases__ = theirs

    return release


def _set_enabled(set_enabled: Callable[[Any, Any], None], config: Any, value: Any) -> None:
    """Switch the SDK on or off, and report it."""
    set_enabled(config, value)
    xray_recorder.changed(enabled=config.sdk_enabled())
