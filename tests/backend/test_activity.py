"""The sample activities."""

from datetime import datetime

import pytest

from cruddur.services.activity import home_samples, notification_samples, samples_of_user


def test_times_are_relative_to_now(now: datetime) -> None:
    """A sample was created before now and expires after it."""
    for activity in [*home_samples(now), *notification_samples(now)]:
        assert datetime.fromisoformat(activity["created_at"]) < now < datetime.fromisoformat(activity["expires_at"])


def test_uuids_are_unique_and_replies_name_their_activity(now: datetime) -> None:
    """Every activity and reply has a unique id."""
    everything = [*home_samples(now), *notification_samples(now)]
    replies = [(activity, reply) for activity in everything for reply in activity["replies"]]
    uuids = [activity["uuid"] for activity in everything] + [reply["uuid"] for _, reply in replies]
    assert len(set(uuids)) == len(uuids) == 6
    assert all(reply["reply_to_activity_uuid"] == activity["uuid"] for activity, reply in replies)


@pytest.mark.parametrize("handle", ["andrewbrown", "AndrewBrown"])
def test_a_user_has_their_own_activities(now: datetime, handle: str) -> None:
    """Handles are case-insensitive."""
    assert [activity["message"] for activity in samples_of_user(handle, now) or []] == ["Cloud is fun!"]


def test_an_unknown_user_is_none(now: datetime) -> None:
    """An unknown user differs from one without activities."""
    assert samples_of_user("nobody", now) is None
