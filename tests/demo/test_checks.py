"""The demo's checks of counts against a rule."""

from demo.checks import Check, Tally, allowed, equal, share_follows


def test_a_rate_of_one_requires_every_request() -> None:
    """At 100 % nothing is random."""
    assert allowed(200, rate=1.0, reservoir=0, seconds=1) == (200, 200)


def test_the_reservoir_widens_only_the_upper_bound() -> None:
    """A reservoir of 2 over 3 seconds may add at most 10."""
    low, high = allowed(100, rate=0.5, reservoir=0, seconds=3)
    assert allowed(100, rate=0.5, reservoir=2, seconds=3) == (low, high + 10)


def test_a_share_within_the_band_passes() -> None:
    """The exact rate passes."""
    assert share_follows("half", Tally(400, 200, 2.0), rate=0.5, reservoir=1).passed


def test_a_share_of_another_rate_fails_with_the_expected_range() -> None:
    """Half of the requests is outside the range of a rate of 0.1."""
    check = share_follows("tenth", Tally(400, 200, 2.0), rate=0.1, reservoir=1)
    assert check == Check("tenth", passed=False, missing="200 of 400 requests were sampled, expected 10 to 74")


def test_a_worker_without_requests_fails() -> None:
    """No requests prove nothing."""
    assert not share_follows("idle", Tally(0, 0, 2.0), rate=0.5, reservoir=1).passed


def test_unequal_values_fail_with_both() -> None:
    """The message has the actual and the expected value."""
    assert equal("count", 3, 4) == Check("count", passed=False, missing="3, expected 4")
