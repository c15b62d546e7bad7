"""The reader's notifications, recorded by the X-Ray SDK inside the route's subsegment `user_notifications`."""

from collections.abc import Callable
from datetime import datetime

from aws_xray_sdk.core import AWSXRayRecorder

from cruddur.services.activity import Activity, notification_samples


def user_notifications(recorder: AWSXRayRecorder, clock: Callable[[], datetime]) -> list[Activity]:
    """Return the notifications; on an exception, the subsegments record it and close.

    All recording goes through the recorder, which does nothing without a subsegment: if the SDK is disabled, or no
    segment has begun.
    """
    now = clock()
    with recorder.in_subsegment("backend_notifications"):
        recorder.put_metadata("key", {"now": now.isoformat()}, "namespace")
        results = notification_samples(now)
        with recorder.in_subsegment("sub_xray_backend"):
            recorder.put_annotation("end_notifications", clock().isoformat())
        return results
