"""The modules of the stand-in, and what each has; the names are those of aws_xray_sdk 2.15."""

import logging
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from cruddur_tracing.xray_sdk import errors
from cruddur_tracing.xray_sdk.configuration.settings import DefaultDynamicNaming, Streaming
from cruddur_tracing.xray_sdk.entities import dummies, entity, kinds
from cruddur_tracing.xray_sdk.recorder import blocks, context
from cruddur_tracing.xray_sdk.standin import models, patching, recorder, samplers

log = logging.getLogger("cruddur_tracing")


class XRayMiddleware:
    """The SDK's middleware for Flask, which has nothing to do: requests are recorded without it."""

    def __init__(self, app: Any, recorder: Any) -> None:
        self.app = app
        log.info("XRayMiddleware is taken over: it registers nothing in the app %r", getattr(app, "name", app))
        recorder.wiring.on_flask_middleware(app)


class AsyncContext(context.Context):
    """The context for asyncio, which is the same one."""

    def __init__(self, context_missing: str = context.LOG_ERROR, **_of_the_loop: Any) -> None:
        super().__init__(context_missing)


class LambdaContext(context.Context):
    """The context of AWS Lambda, where the stand-in does not run."""


_BLOCKS: Final = {
    "AsyncSegmentContextManager": blocks.AsyncSegmentContextManager,
    "AsyncSubsegmentContextManager": blocks.AsyncSubsegmentContextManager,
}
_RECORDER: Final = {"AWSXRayRecorder": recorder.AWSXRayRecorder}
_ASYNC_RECORDER: Final = {"AsyncAWSXRayRecorder": recorder.AsyncAWSXRayRecorder}
_CONFIG: Final = {"SDKConfig": recorder.SDKConfig, "global_sdk_config": recorder.global_sdk_config}
_PATCH: Final = {"patch": patching.patch, "patch_all": patching.patch_all}
_SEGMENTS: Final = {"Segment": kinds.Segment, "SegmentContextManager": blocks.SegmentContextManager}
_SUBSEGMENTS: Final = {"Subsegment": kinds.Subsegment, "SubsegmentContextManager": blocks.SubsegmentContextManager}
_DUMMIES: Final = {"DummySegment": dummies.DummySegment, "DummySubsegment": dummies.DummySubsegment}
_HTTP: Final = {
    "URL": "url",
    "METHOD": "method",
    "USER_AGENT": "user_agent",
    "CLIENT_IP": "client_ip",
    "X_FORWARDED_FOR": "x_forwarded_for",
    "STATUS": "status",
    "CONTENT_LENGTH": "content_length",
    "XRAY_HEADER": models.HEADER,
    "ALT_XRAY_HEADER": models.WSGI_HEADER,
    "request_keys": entity.REQUEST_KEYS,
    "response_keys": entity.RESPONSE_KEYS,
}
_HELPERS: Final = {
    function.__name__: function
    for function in (
        models.calculate_sampling_decision,
        models.calculate_segment_name,
        models.construct_xray_header,
        models.get_hostname,
        models.inject_trace_header,
        models.prepare_response_header,
        models.strip_url,
        models.to_snake_case,
    )
}

MODULES: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {f"aws_xray_sdk.ext.{name}": {"patch": partial(patching.patch, (name,))} for name in patching.PATCHABLE}
    | {
        "aws_xray_sdk": _CONFIG,
        "aws_xray_sdk.sdk_config": {"SDKConfig": recorder.SDKConfig},
        "aws_xray_sdk.core": _RECORDER | _ASYNC_RECORDER | _PATCH | {"xray_recorder": recorder.xray_recorder},
        "aws_xray_sdk.core.recorder": _RECORDER,
        "aws_xray_sdk.core.async_recorder": _ASYNC_RECORDER | _BLOCKS,
        "aws_xray_sdk.core.patcher": _PATCH,
        "aws_xray_sdk.core.context": {"Context": context.Context},
        "aws_xray_sdk.core.async_context": {"AsyncContext": AsyncContext},
        "aws_xray_sdk.core.lambda_launcher": {"LambdaContext": LambdaContext, "check_in_lambda": lambda: None},
        "aws_xray_sdk.core.emitters": {},
        "aws_xray_sdk.core.emitters.udp_emitter": {"UDPEmitter": recorder.UDPEmitter},
        "aws_xray_sdk.core.exceptions": {},
        "aws_xray_sdk.core.exceptions.exceptions": {
            error.__name__: error for error in errors.XRayError.__subclasses__()
        },
        "aws_xray_sdk.core.models": {},
        "aws_xray_sdk.core.models.default_dynamic_naming": {"DefaultDynamicNaming": DefaultDynamicNaming},
        "aws_xray_sdk.core.models.dummy_entities": _DUMMIES,
        "aws_xray_sdk.core.models.entity": {"Entity": entity.Entity},
        "aws_xray_sdk.core.models.http": _HTTP,
        "aws_xray_sdk.core.models.noop_traceid": {"NoOpTraceId": models.NoOpTraceId},
        "aws_xray_sdk.core.models.segment": _SEGMENTS,
        "aws_xray_sdk.core.models.subsegment": _SUBSEGMENTS,
        "aws_xray_sdk.core.models.trace_header": {"TraceHeader": models.TraceHeader},
        "aws_xray_sdk.core.models.traceid": {"TraceId": models.TraceId},
        "aws_xray_sdk.core.sampling": {},
        "aws_xray_sdk.core.sampling.local": {},
        "aws_xray_sdk.core.sampling.local.sampler": {"LocalSampler": samplers.LocalSampler},
        "aws_xray_sdk.core.sampling.sampler": {"DefaultSampler": samplers.DefaultSampler},
        "aws_xray_sdk.core.streaming": {},
        "aws_xray_sdk.core.streaming.default_streaming": {"DefaultStreaming": Streaming},
        "aws_xray_sdk.core.utils": {},
        "aws_xray_sdk.core.utils.search_pattern": {"wildcard_match": models.wildcard_match},
        "aws_xray_sdk.core.utils.stacktrace": {"get_stacktrace": models.get_stacktrace},
        "aws_xray_sdk.ext": {},
        "aws_xray_sdk.ext.flask": {},
        "aws_xray_sdk.ext.flask.middleware": {"XRayMiddleware": XRayMiddleware},
        "aws_xray_sdk.ext.util": _HELPERS,
    }
)
