from dataclasses import replace

import pytest

from tests.xray_local.samples import NOW, rule
from xray_local.page.sampling.rehearsal import OTHERS, ROUTES_MAX, Rehearsal, rehearse
from xray_local.state.sampling.reservoirs import Counts
from xray_local.state.store import Requests
from xray_local.traces.summaries import Sampling, ServiceId
from xray_model.sampling_rule import SamplingRule

RATE = SamplingRule.from_api(rule("rate", FixedRate=0.1, ReservoirSize=0))
NEVER = SamplingRule.from_api(rule("never", Priority=1, URLPath="/healthz", FixedRate=0.0, ReservoirSize=0))
FRONT = ServiceId("storefront", "AWS::EKS::Container")


def requests(count: int, path: str, taken_by: str | None = "rate", **more: object) -> Requests:
    sampling = Sampling(taken_by, FRONT, "storefront.internal") if taken_by else None
    found = Requests(
        count=count,
        first=NOW,
        last=NOW + 600,
        route=f"GET {path}",
        sampling=sampling,
        entry_point=ServiceId("gateway", None),
        method="GET",
        url=f"http://shop.example.com{path}?a=1",
        annotations="",
    )
    return replace(found, **more)  # type: ignore[arg-type]


def then(found: Rehearsal) -> dict[str, float]:
    return {route.route: round(route.then, 9) for route in found.routes}


def test_rules_that_are_not_changed_keep_what_is_stored() -> None:
    """Traces a minute, by route, the most first."""
    found = rehearse([requests(100, "/cart"), requests(300, "/healthz")], [RATE], [RATE], {})
    assert (found.traces, found.seconds, found.today, found.then) == (400, 600, 40, 40)
    assert [(route.route, route.today, route.then, route.rules) for route in found.routes] == [
        ("GET /healthz", 30, 30, ("rate",)),
        ("GET /cart", 10, 10, ("rate",)),
    ]


def test_a_changed_rate_changes_what_is_kept() -> None:
    """At most the requests that the traces stand for."""
    for rate, expected in ((0.05, 5), (1.0, 100)):
        changed = replace(RATE, fixed_rate=rate)
        assert rehearse([requests(100, "/cart")], [RATE], [changed], {}).then == pytest.approx(expected)


def test_another_rule_may_decide_for_a_route() -> None:
    """By the path of the request, without its query."""
    found = rehearse([requests(100, "/cart"), requests(300, "/healthz")], [RATE], [NEVER, RATE], {})
    assert then(found) == {"GET /healthz": 0, "GET /cart": 10}


@pytest.mark.parametrize("by", [{"ServiceName": "storefront"}, {"ServiceType": "AWS::EKS*"}, {"Host": "storefront.*"}])
def test_the_service_that_decided_is_matched(by: dict[str, str]) -> None:
    """Not the gateway where the trace begins."""
    all_of_it = SamplingRule.from_api(rule("all", Priority=2, FixedRate=1.0, **by))
    assert rehearse([requests(100, "/cart")], [RATE], [all_of_it, RATE], {}).then == pytest.approx(100)


def test_attributes_are_matched_by_the_annotations() -> None:
    """Numbers and booleans as JSON."""
    gold = SamplingRule.from_api(rule("gold", Priority=2, FixedRate=1.0, Attributes={"vip": "true"}))
    vip = requests(10, "/cart", annotations='\n["vip",true]\n["n",1]\n')
    assert then(rehearse([vip], [RATE], [gold, RATE], {})) == {"GET /cart": 10}


def test_what_the_clients_reported_counts_more_than_the_settings() -> None:
    """A trace stands for as many requests as the rule saw for each that it kept."""
    never = replace(RATE, fixed_rate=1.0)
    found = rehearse([requests(100, "/cart")], [RATE], [never], {"rate": Counts(requests=500, sampled=100)})
    assert found.then == pytest.approx(50)


def test_a_share_above_the_rate_says_how_many_requests_came_in_a_second() -> None:
    """The reservoir of 1 kept as much as 10 % of 10 a second; at half the rate they are 14.5 % of them."""
    both = replace(RATE, reservoir_size=1)
    reported = {"rate": Counts(requests=1000, sampled=190)}  # 1 + 0.9 of 10 requests
    found = rehearse([requests(190, "/cart")], [both], [replace(both, fixed_rate=0.05)], reported)
    assert found.then == pytest.approx(14.5)


def test_a_trace_without_a_rule_stands_for_itself() -> None:
    """What records it does not sample."""
    found = rehearse([requests(600, "/cart", None, entry_point=FRONT)], [RATE], [RATE], {})
    assert (found.today, round(found.then, 9)) == (60, 6)


def test_routes_beyond_the_most_frequent_are_one() -> None:
    """It is the last one."""
    found = rehearse([requests(number + 1, f"/{number}") for number in range(ROUTES_MAX + 5)], [RATE], [RATE], {})
    assert len(found.routes) == ROUTES_MAX + 1
    assert (found.routes[-1].route, round(found.routes[-1].today, 9)) == (OTHERS, 1.5)


def test_nothing_stored_is_no_rehearsal() -> None:
    """All numbers are 0."""
    assert rehearse([], [RATE], [RATE], {}) == Rehearsal(0, 0.0, 0.0, 0.0, ())
