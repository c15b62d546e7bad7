"""An activity (a "crud") as the API returns it, and sample data in place of a database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict


class Reply(TypedDict):
    """A reply to an activity. `created_at` is ISO 8601 with its offset."""

    uuid: str
    reply_to_activity_uuid: str
    handle: str
    message: str
    likes_count: int
    replies_count: int
    reposts_count: int
    created_at: str


class Activity(TypedDict):
    """One activity. `created_at` and `expires_at` are ISO 8601 with their offset."""

    uuid: str
    handle: str
    message: str
    created_at: str
    expires_at: str
    likes_count: NotRequired[int]
    replies_count: NotRequired[int]
    reposts_count: NotRequired[int]
    replies: Sequence[Reply]


def home_samples(now: datetime) -> list[Activity]:
    """Return the activities of the home page, newest last."""
    return [
        {
            "uuid": "68f126b0-1ceb-4a33-88be-d90fa7109eee",
            "handle": "andrewbrown",
            "message": "Cloud is fun!",
            "created_at": _before(now, days=2),
            "expires_at": _after(now, days=5),
            "likes_count": 5,
            "replies_count": 1,
            "reposts_count": 0,
            "replies": [
                {
                    "uuid": "26e12864-1c26-5c3a-9658-97a10f8fea67",
                    "reply_to_activity_uuid": "68f126b0-1ceb-4a33-88be-d90fa7109eee",
                    "handle": "worf",
                    "message": "This post has no honor!",
                    "likes_count": 0,
                    "replies_count": 0,
                    "reposts_count": 0,
                    "created_at": _before(now, days=2),
                }
            ],
        },
        {
            "uuid": "66e12864-8c26-4c3a-9658-95a10f8fea67",
            "handle": "worf",
            "message": "I am out of prune juice",
            "created_at": _before(now, days=7),
            "expires_at": _after(now, days=9),
            "likes_count": 0,
            "replies": [],
        },
        {
            "uuid": "248959df-3079-4947-b847-9e0892d1bab4",
            "handle": "garek",
            "message": "My dear doctor, I am just a simple tailor",
            "created_at": _before(now, hours=1),
            "expires_at": _after(now, hours=12),
            "likes_count": 0,
            "replies": [],
        },
    ]


def notification_samples(now: datetime) -> list[Activity]:
    """Return the reader's notifications."""
    return [
        {
            "uuid": "7f2d4c1e-93a1-4a6b-8f0e-2a6f5a3b9c10",
            "handle": "coco",
            "message": "I am a white unicorn",
            "created_at": _before(now, days=2),
            "expires_at": _after(now, days=5),
            "likes_count": 5,
            "replies_count": 1,
            "reposts_count": 0,
            "replies": [
                {
                    "uuid": "0c6c9e55-6a4b-4d9a-b9a7-6c8a2b1f7d42",
                    "reply_to_activity_uuid": "7f2d4c1e-93a1-4a6b-8f0e-2a6f5a3b9c10",
                    "handle": "worf",
                    "message": "This post has no honor!",
                    "likes_count": 0,
                    "replies_count": 0,
                    "reposts_count": 0,
                    "created_at": _before(now, days=2),
                }
            ],
        }
    ]


def samples_of_user(handle: str, now: datetime) -> list[Activity] | None:
    """Return a user's activities, or None for an unknown user. Handles are case-insensitive."""
    wanted = handle.lower()
    everything = [*home_samples(now), *notification_samples(now)]
    repliers = {reply["handle"] for activity in everything for reply in activity["replies"]}
    if wanted not in repliers | {activity["handle"] for activity in everything}:
        return None
    return [activity for activity in everything if activity["handle"] == wanted]


def _before(now: datetime, *, days: int = 0, hours: int = 0) -> str:
    return (now - timedelta(days=days, hours=hours)).isoformat()


def _after(now: datetime, *, days: int = 0, hours: int = 0) -> str:
    return (now + timedelta(days=days, hours=hours)).isoformat()
