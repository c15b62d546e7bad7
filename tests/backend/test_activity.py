"""The sample activities."""

from datetime import datetime

import pytest

from cruddur.services.activity import home_samples, notification_samples, samples_of_user


def test_times_are_relative_to_now(now: datetime) -> None:
    """A sample never looks old: it was made before now and expires after it."""
    for activity in [*home_samples(now), *notification_samples(now)]:
        assert datetime.fromisoformat(activity["created_at"]) < now < datetime.fromisoformat(activity["expires_at"])


def test_uuids_are_unique_and_replies_name_their_activity(now: datetime) -> None:
    """Each activity and each reply differs from every other."""
    everything = [*home_samples(now), *notification_samples(now)]
    replies = [(activity, reply) for activity in everything for reply in activity["replies"]]
    uuids = [activity["uuid"] for activity in everything] + [reply["uuid"] for _, reply in replies]
    assert len(set(uuids)) == len(uuids) == 6
    assert all(reply["reply_to_activity_uuid"] == activity["uuid"] for activity, reply in replies)


@pytest.mark.parametrize("handle", ["andrewbrown", "AndrewBrown"])
def test_a_user_has_what_they_wrote(now: datetime, handle: str) -> None:
    """Handles are compared without case."""
    assert [activity["message"] for activity in samples_of_user(handle, now) or []] == ["Cloud is fun!"]


def test_an_unknown_user_is_not_one_without_activities(now: datetime) -> None:
    """None says that there is no such user."""
    assert samples_of_user("nobody", now) is None
