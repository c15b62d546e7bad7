from tests.xray_local.samples import NOW, rule
from xray_local.page.sampling.rules import Reports, client_lines, rule_lines
from xray_local.state.sampling.reservoirs import ClientCounts, Counts
from xray_model.matching import RequestProperties, explain
from xray_model.sampling_rule import SamplingRule, default_rule

A = SamplingRule.from_api(rule("a", Priority=5))
NONE = Reports([])


def client(name: str, id_: str, recent: Counts) -> ClientCounts:
    return ClientCounts(name, id_, Counts(100, 20, 1), recent, 20.0, NOW - 5)


def test_rules_are_in_the_order_of_evaluation() -> None:
    """By priority, then by name."""
    b = SamplingRule.from_api(rule("b", Priority=5))
    lines = rule_lines([default_rule(), b, A], NONE)
    assert [(line.place, line.name, line.verdict) for line in lines] == [(1, "a", ""), (2, "b", ""), (3, "Default", "")]


def test_the_counts_of_a_rule_are_the_sums_of_its_windows() -> None:
    """The share is sampled divided by matched, None without requests."""
    windows = [
        {"RuleName": "a", "RequestCount": 30, "SampledCount": 5, "BorrowCount": 1},
        {"RuleName": "a", "RequestCount": 10, "SampledCount": 5},
        {"RuleName": "gone", "RequestCount": 10},
    ]
    line, default = rule_lines([A, default_rule()], Reports(windows, traces={"a": 7}))
    assert (line.matched, line.sampled, line.borrowed, line.share, line.traces) == (40, 10, 1, 0.25, 7)
    assert (default.matched, default.share, default.traces) == (0, None, 0)


def test_the_rates_of_a_rule_are_those_of_its_clients() -> None:
    """In the last minute, or in the time since the client came."""
    clients = [client("a", "1", Counts(40, 10)), client("a", "2", Counts(20, 10)), client("b", "1", Counts(9, 9))]
    (line,) = rule_lines([A], Reports([], clients))
    assert (line.seen, line.kept, line.clients) == (3, 1, 2)
    first, second = client_lines("a", clients, NOW)
    assert (first.id, first.age, first.seen, first.kept, first.matched) == ("1", 5, 2, 0.5, 100)
    assert second.id == "2"


def test_a_rule_shows_only_its_conditions() -> None:
    """Wildcards are omitted; attributes are conditions too, which the SDKs do not apply."""
    shape = rule("a", HTTPMethod="GET", URLPath="/api/*", ServiceName="backend", Attributes={"tier": "gold"})
    (line,) = rule_lines([SamplingRule.from_api(shape)], NONE)
    assert line.conditions == (("method", "GET"), ("path", "/api/*"), ("service", "backend"), ("tier", "gold"))
    assert line.ignored == ("it has Attributes",)


def test_verdicts_name_the_rule_that_decides_about_a_request() -> None:
    """Other rules say why they do not decide."""
    posts = SamplingRule.from_api(rule("posts", Priority=1, HTTPMethod="POST"))
    rules = [posts, A, default_rule()]
    lines = rule_lines(rules, NONE, explain(rules, RequestProperties(http_method="GET")))
    assert [(line.name, line.decides) for line in lines] == [("posts", False), ("a", True), ("Default", False)]
    assert "POST" in lines[0].verdict
    assert "'a'" in lines[2].verdict
