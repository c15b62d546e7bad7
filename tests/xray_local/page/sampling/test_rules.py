from typing import Any

from xray_local.page.sampling.rules import rule_lines, verdicts


def rule(name: str, priority: int, **more: Any) -> dict[str, Any]:
    shape = {"RuleName": name, "Priority": priority, "FixedRate": 0.1, "ReservoirSize": 2, "HTTPMethod": "*"}
    return {"SamplingRule": shape | {"URLPath": "*", "Host": "*"} | more}


def test_rules_are_in_the_order_of_evaluation() -> None:
    """By priority, then by name."""
    lines = rule_lines([rule("Default", 10000), rule("b", 5), rule("a", 5)], [])
    assert [(line.place, line.name) for line in lines] == [(1, "a"), (2, "b"), (3, "Default")]


def test_the_counts_of_a_rule_are_the_sums_of_its_windows() -> None:
    """The share is sampled divided by matched."""
    windows = [
        {"RuleName": "a", "RequestCount": 30, "SampledCount": 5, "BorrowCount": 1},
        {"RuleName": "a", "RequestCount": 10, "SampledCount": 5},
        {"RuleName": "gone", "RequestCount": 10},
    ]
    (line,) = rule_lines([rule("a", 5)], windows)
    assert (line.matched, line.sampled, line.borrowed, line.share) == (40, 10, 1, 0.25)
    assert (line.rate, line.reservoir) == (0.1, 2)


def test_a_rule_without_requests_has_no_share() -> None:
    """It is None, not 0."""
    (line,) = rule_lines([rule("a", 5)], [])
    assert (line.share, line.matched) == (None, 0)


def test_a_rule_shows_only_its_conditions() -> None:
    """Wildcards are omitted; attributes are conditions too."""
    record = rule("a", 5, HTTPMethod="GET", URLPath="/api/*", ServiceName="backend", Attributes={"tier": "gold"})
    (line,) = rule_lines([record], [])
    assert (line.request, line.conditions) == ("GET /api/*", (("service", "backend"), ("tier", "gold")))


def test_verdicts_name_the_rule_that_decides_about_a_request() -> None:
    """Other rules say why they do not decide."""
    whole = {"ServiceName": "*", "ServiceType": "*", "ResourceARN": "*", "Version": 1}
    records = [rule("posts", 1, HTTPMethod="POST", **whole), rule("all", 2, **whole), rule("late", 3, **whole)]
    lines = rule_lines(records, [], verdicts(records, {"method": "GET", "path": "/x"}))
    assert [(line.name, line.decides) for line in lines] == [("posts", False), ("all", True), ("late", False)]
    assert "POST" in lines[0].verdict
    assert "all" in lines[2].verdict


def test_without_a_request_there_are_no_verdicts() -> None:
    """All fields are empty."""
    assert verdicts([rule("a", 1)], {"method": "", "path": ""}) == {}
