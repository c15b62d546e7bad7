"""The reader's notifications, recorded by the X-Ray SDK. The route captures this function as `user_notifications`."""

from collections.abc import Callable
from datetime import datetime

from aws_xray_sdk.core import AWSXRayRecorder

from cruddur.services.activity import Activity, notification_samples


def user_notifications(recorder: AWSXRayRecorder, clock: Callable[[], datetime]) -> list[Activity]:
    """Give the notifications; the subsegments close also when this raises.

    What is recorded goes through the recorder: it is a no-op where there is no subsegment, because the SDK is switched
    off or nothing has begun a segment.
    """
    now = clock()
    with recorder.in_subsegment("backend_notifications"):
        recorder.put_metadata("key", {"now": now.isoformat()}, "namespace")
        results = notification_samples(now)
        with recorder.in_subsegment("sub_xray_backend"):
            recorder.put_annotation("end_notifications", clock().isoformat())
        return results
