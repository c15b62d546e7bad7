import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.xray_local.samples import NOW, rule
from xray_local.state.reservoirs import Reservoirs, Statistics, Target
from xray_model import SamplingRule

RULE = SamplingRule.from_api(rule("rule"))


def statistics(client: str = "a", at: float = NOW, requests: int = 10) -> Statistics:
    return Statistics("rule", client, at, request_count=requests, sampled_count=5, borrow_count=1)


def quota(reservoirs: Reservoirs, client: str, now: float = NOW) -> int:
    return reservoirs.target(RULE, client, now=now).reservoir_quota


def test_a_target_is_the_rules_rate_and_the_clients_part() -> None:
    """For five minutes, to be asked for again after ten seconds."""
    assert Reservoirs().target(RULE, "a", now=NOW) == Target("rule", 0.5, 10, NOW + 300, 10)


@given(size=some.integers(0, 1000), clients=some.sets(some.text(min_size=1), min_size=1, max_size=20))
def test_the_parts_add_up_to_the_reservoir(size: int, clients: set[str]) -> None:
    """And differ by one at most, whoever asks first."""
    reservoirs = Reservoirs()
    rule_ = SamplingRule.from_api(rule("rule", ReservoirSize=size))
    for client in clients:
        reservoirs.target(rule_, client, now=NOW)
    parts = [reservoirs.target(rule_, client, now=NOW).reservoir_quota for client in clients]
    assert sum(parts) == size
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize(("later", "part"), [(30, 5), (30.5, 10)])
def test_a_client_is_live_for_three_intervals(later: float, part: int) -> None:
    """Then its part goes to the others."""
    reservoirs = Reservoirs()
    quota(reservoirs, "a")
    assert quota(reservoirs, "b", NOW + later) == part


def test_a_report_keeps_a_client_alive() -> None:
    """A client that reports counts also before it asks."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics("a"), now=NOW)
    assert quota(reservoirs, "b") == 5


def test_reports_are_summed_by_window_and_in_total() -> None:
    """A window is ten seconds of the report's own time."""
    reservoirs = Reservoirs()
    for at in (NOW, NOW + 9.9, NOW + 10):
        reservoirs.record(statistics(at=at), now=NOW + 10)
    windows = reservoirs.summaries(since=NOW, until=NOW + 20)
    assert [(one["Timestamp"], one["RequestCount"]) for one in windows] == [(NOW, 20), (NOW + 10, 10)]
    assert reservoirs.totals() == {"rule": {"RequestCount": 30, "SampledCount": 15, "BorrowCount": 3}}
    assert [one["Timestamp"] for one in reservoirs.summaries(since=NOW + 10, until=NOW + 20)] == [NOW + 10]


def test_windows_are_forgotten_after_six_hours() -> None:
    """The totals stay."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics(), now=NOW)
    reservoirs.record(statistics(at=NOW + 21_700), now=NOW + 21_700)
    assert [one["Timestamp"] for one in reservoirs.summaries(since=0, until=NOW * 2)] == [NOW + 21_700]
    assert reservoirs.totals()["rule"]["RequestCount"] == 20


def test_a_forgotten_rule_has_no_clients() -> None:
    """What it counted is still known."""
    reservoirs = Reservoirs()
    reservoirs.record(statistics("a"), now=NOW)
    reservoirs.forget("rule")
    assert quota(reservoirs, "b") == 10
    assert reservoirs.totals()["rule"]["RequestCount"] == 10
