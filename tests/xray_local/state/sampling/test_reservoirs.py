import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.xray_local.samples import NOW, rule
from xray_local.state.sampling.reservoirs import ClientCounts, Counts, Reservoirs, Statistics, Target, Window
from xray_model import SamplingRule

RULE = SamplingRule.from_api(rule("rule"))


def statistics(client: str = "a", at: float = NOW) -> Statistics:
    return Statistics("rule", client, at, Counts(requests=10, sampled=5, borrowed=1))


def quota(reservoirs: Reservoirs, client: str, now: float = NOW) -> int:
    return reservoirs.target(RULE, client, now=now).reservoir_quota


def test_a_target_has_the_rules_rate_and_the_clients_part() -> None:
    """The quota is valid for five minutes, the next report is due after ten seconds."""
    assert Reservoirs().target(RULE, "a", now=NOW) == Target("rule", 0.5, 10, NOW + 300, 10)


@given(size=some.integers(0, 1000), clients=some.sets(some.text(min_size=1), min_size=1, max_size=20))
def test_the_parts_add_up_to_the_reservoir(size: int, clients: set[str]) -> None:
    """They differ by at most one."""
    reservoirs = Reservoirs()
    rule_ = SamplingRule.from_api(rule("rule", ReservoirSize=size))
    for client in clients:
        reservoirs.target(rule_, client, now=NOW)
    parts = [reservoirs.target(rule_, client, now=NOW).reservoir_quota for client in clients]
    assert sum(parts) == size
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize(("later", "part"), [(30, 5), (30.5, 10)])
def test_a_client_is_live_for_three_intervals(later: float, part: int) -> None:
    """Then the live clients share its part."""
    reservoirs = Reservoirs()
    quota(reservoirs, "a")
    assert quota(reservoirs, "b", NOW + later) == part


def test_a_report_makes_a_client_live() -> None:
    """Also before its first request for a target."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics("a"), now=NOW)
    assert quota(reservoirs, "b") == 5


def test_reports_are_summed_in_windows_of_ten_seconds() -> None:
    """By the timestamp of the report."""
    reservoirs = Reservoirs()
    for at in (NOW, NOW + 9.9, NOW + 10):
        reservoirs.record(statistics(at=at), now=NOW + 10)
    first, second = Window("rule", NOW, Counts(20, 10, 2)), Window("rule", NOW + 10, Counts(10, 5, 1))
    assert reservoirs.windows(since=NOW, until=NOW + 20) == [first, second]
    assert reservoirs.windows(since=NOW + 10, until=NOW + 20) == [second]


def test_windows_are_deleted_after_six_hours() -> None:
    """When the next report arrives."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics(), now=NOW)
    reservoirs.record(statistics(at=NOW + 21_700), now=NOW + 21_700)
    assert [window.timestamp for window in reservoirs.windows(since=0, until=NOW * 2)] == [NOW + 21_700]


def test_a_forgotten_rule_has_no_clients_and_keeps_its_windows() -> None:
    """A rule is forgotten when it is deleted."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics("a"), now=NOW)
    reservoirs.forget("rule")
    assert quota(reservoirs, "b") == 10
    assert len(reservoirs.windows(since=NOW, until=NOW)) == 1


def test_every_client_of_a_small_reservoir_gets_its_turn() -> None:
    """Five clients of two a second: in five minutes each has one for two of them."""
    reservoirs, small = Reservoirs(), SamplingRule.from_api(rule("rule", ReservoirSize=2))
    turns = []
    for minute in range(5):
        at = NOW + 60 * minute
        for client in "abcde":
            reservoirs.target(small, client, now=at)
        turns.append([reservoirs.target(small, client, now=at).reservoir_quota for client in "abcde"])
    assert [sum(turn) for turn in turns] == [2, 2, 2, 2, 2]
    assert [sum(quotas) for quotas in zip(*turns, strict=True)] == [2, 2, 2, 2, 2]


def test_a_report_of_the_future_counts_now() -> None:
    """Its window would never expire."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics(at=NOW * 2), now=NOW)
    assert [window.timestamp for window in reservoirs.windows(since=0, until=NOW * 3)] == [NOW]


def test_clients_have_their_counts_and_those_of_the_last_minute() -> None:
    """By rule, the last report first; the time of the latter begins with the first report."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics("a"), now=NOW)
    reservoirs.record(statistics("b"), now=NOW + 20)
    reservoirs.record(statistics("a"), now=NOW + 70)
    ten, twenty = Counts(10, 5, 1), Counts(20, 10, 2)
    assert reservoirs.clients(now=NOW + 75) == [
        ClientCounts("rule", "a", twenty, ten, 60, NOW + 70),
        ClientCounts("rule", "b", ten, ten, 60, NOW + 20),
    ]
    assert reservoirs.clients(now=NOW + 200)[0].recent == Counts()


def test_a_client_that_has_not_reported_for_hours_is_forgotten() -> None:
    """When another one reports."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics("a"), now=NOW)
    reservoirs.record(statistics("b"), now=NOW + 6 * 3600 + 1)
    assert [client.client_id for client in reservoirs.clients(now=NOW + 6 * 3600 + 1)] == ["b"]
