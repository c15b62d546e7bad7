"""The demo's verdicts: what a rule explains, and what it does not."""

from demo.checks import Check, Tally, allowed, equal, share_follows


def test_a_rate_of_one_allows_nothing_but_every_request() -> None:
    """At 100 % there is no chance in it: all or wrong."""
    assert allowed(200, rate=1.0, reservoir=0, seconds=1) == (200, 200)


def test_the_reservoir_widens_only_the_upper_bound() -> None:
    """A reservoir of 2 over 3 seconds may add 10 at most."""
    low, high = allowed(100, rate=0.5, reservoir=0, seconds=3)
    assert allowed(100, rate=0.5, reservoir=2, seconds=3) == (low, high + 10)


def test_a_share_within_the_band_passes() -> None:
    """The exact rate is right."""
    assert share_follows("half", Tally(400, 200, 2.0), rate=0.5, reservoir=1).passed


def test_a_share_of_another_rate_is_wrong_and_says_what_was_expected() -> None:
    """Half of the requests sampled is not a rate of a tenth."""
    check = share_follows("tenth", Tally(400, 200, 2.0), rate=0.1, reservoir=1)
    assert check == Check("tenth", passed=False, missing="200 of 400 requests were sampled, expected 10 to 74")


def test_no_requests_at_all_is_wrong() -> None:
    """A worker that answered nothing proves nothing."""
    assert not share_follows("idle", Tally(0, 0, 2.0), rate=0.5, reservoir=1).passed


def test_unequal_values_name_both() -> None:
    """The message tells the value that was seen and the right one."""
    assert equal("count", 3, 4) == Check("count", passed=False, missing="3, not 4")
