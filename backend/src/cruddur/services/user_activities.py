"""One user's activities, recorded by the X-Ray SDK as the subsegment `user_activities`. Called by the user's route."""

from datetime import datetime

from aws_xray_sdk.core import AWSXRayRecorder

from cruddur.services.activity import Activity, samples_of_user

# X-Ray indexes 1,000 characters of an annotation; a handle that long is nobody's, and a path may be longer still.
SHOWN_HANDLE = 64


def user_activities(recorder: AWSXRayRecorder, handle: str, now: datetime) -> list[Activity] | None:
    """Give what the user has written, or None where there is no such user.

    An unknown handle is an answer here and an error only in the route, outside of the subsegment: raised inside, the
    SDK would record it as a fault.
    """
    with recorder.in_subsegment("user_activities"):
        results = samples_of_user(handle, now)
        recorder.put_annotation("user_handle", handle[:SHOWN_HANDLE])
        recorder.put_annotation("user_found", results is not None)
        recorder.put_metadata("results", {"now": now.isoformat(), "length": len(results or ())}, "user_activities")
        return results
