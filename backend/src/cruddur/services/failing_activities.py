"""A service that always fails, inside a span and a subsegment, to show what becomes of a failure on each wire."""

from typing import NoReturn

from aws_xray_sdk.core import AWSXRayRecorder
from opentelemetry.trace import Tracer


class FailedOnPurposeError(RuntimeError):
    """The failing route was requested."""


def failing_activities(tracer: Tracer, recorder: AWSXRayRecorder) -> NoReturn:
    """Raise FailedOnPurposeError; the span and the subsegment record it and close."""
    with tracer.start_as_current_span("failing-activities-data"), recorder.in_subsegment("failing_activities"):
        raise FailedOnPurposeError("this route fails on purpose")
