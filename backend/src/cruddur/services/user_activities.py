"""One user's activities, recorded by the X-Ray SDK as the subsegment `user_activities`."""

from datetime import datetime

from aws_xray_sdk.core import AWSXRayRecorder

from cruddur.services.activity import Activity, samples_of_user

# X-Ray indexes 1,000 characters of an annotation. No real handle is that long, but a path can be.
SHOWN_HANDLE = 64


def user_activities(recorder: AWSXRayRecorder, handle: str, now: datetime) -> list[Activity] | None:
    """Return the user's activities, or None for an unknown user.

    The route raises the 404, outside the subsegment: inside, the SDK would record it as a fault.
    """
    with recorder.in_subsegment("user_activities"):
        results = samples_of_user(handle, now)
        recorder.put_annotation("user_handle", handle[:SHOWN_HANDLE])
        recorder.put_annotation("user_found", results is not None)
        recorder.put_metadata("results", {"now": now.isoformat(), "length": len(results or ())}, "user_activities")
        return results
