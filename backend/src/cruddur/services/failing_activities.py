"""Fails on purpose, inside an entry of each recorder, to see how a failure looks in them. Called by its route."""

from typing import NoReturn

from aws_xray_sdk.core import AWSXRayRecorder
from opentelemetry.trace import Tracer


class FailedOnPurposeError(RuntimeError):
    """The failing route was asked for."""


def failing_activities(tracer: Tracer, recorder: AWSXRayRecorder) -> NoReturn:
    """Raise FailedOnPurposeError; the span and the subsegment record it and close."""
    with tracer.start_as_current_span("failing-activities-data"), recorder.in_subsegment("failing_activities"):
        raise FailedOnPurposeError("this route fails on purpose")
