"""Ends what X-Ray's API has begun in a recording and the app has left open.

Every traced app needs it, whether it uses X-Ray's API or not; so it imports nothing of the recorder.
"""

from time import time_ns

from cruddur_tracing.recording.pipeline import Recorded


def close_open(recording: Recorded, end_time: int | None = None) -> None:
    """End all that X-Ray's API has begun in a recording, in any thread, innermost first; in nanoseconds since 1970."""
    if recording.open:
        end = time_ns() if end_time is None else end_time
        for entity in reversed(tuple(recording.open)):
            entity.end(end)
