from typing import Any

from xray_local.page.sampling_page import rule_lines, verdicts


def rule(name: str, priority: int, **more: Any) -> dict[str, Any]:
    shape = {"RuleName": name, "Priority": priority, "FixedRate": 0.1, "ReservoirSize": 2, "HTTPMethod": "*"}
    return {"SamplingRule": shape | {"URLPath": "*", "Host": "*"} | more}


def test_rules_stand_in_the_order_of_evaluation() -> None:
    """Priority decides, then the name."""
    lines = rule_lines([rule("Default", 10000), rule("b", 5), rule("a", 5)], [])
    assert [(line.place, line.name) for line in lines] == [(1, "a"), (2, "b"), (3, "Default")]


def test_a_rules_counts_are_the_sums_of_its_windows() -> None:
    """Statistics of every window are added; the share is sampled of matched."""
    windows = [
        {"RuleName": "a", "RequestCount": 30, "SampledCount": 5, "BorrowCount": 1},
        {"RuleName": "a", "RequestCount": 10, "SampledCount": 5},
        {"RuleName": "gone", "RequestCount": 10},
    ]
    (line,) = rule_lines([rule("a", 5)], windows)
    assert (line.matched, line.sampled, line.borrowed, line.share, line.share_text) == (40, 10, 1, 0.25, "25 %")
    assert (line.share_bar.width, line.rate_mark, line.rate_text, line.reservoir) == (25, 10, "10 %", 2)


def test_a_rule_without_requests_has_no_share() -> None:
    """Nothing matched is not the same as nothing sampled."""
    (line,) = rule_lines([rule("a", 5)], [])
    assert (line.share, line.share_text, line.matched) == (None, "", 0)


def test_a_rule_tells_only_what_it_asks_for() -> None:
    """Wildcards are left out; attributes are conditions too."""
    asked = rule("a", 5, HTTPMethod="GET", URLPath="/api/*", ServiceName="backend", Attributes={"tier": "gold"})
    (line,) = rule_lines([asked], [])
    assert (line.request, line.conditions) == ("GET /api/*", (("service", "backend"), ("tier", "gold")))


def test_the_rule_that_decides_about_a_request_is_told() -> None:
    """Of a request's method and path: what was passed over and why, what decides, what comes after."""
    whole = {"ServiceName": "*", "ServiceType": "*", "ResourceARN": "*", "Version": 1}
    records = [rule("posts", 1, HTTPMethod="POST", **whole), rule("all", 2, **whole), rule("late", 3, **whole)]
    lines = rule_lines(records, [], verdicts(records, {"method": "GET", "path": "/x"}))
    assert [(line.name, line.decides) for line in lines] == [("posts", False), ("all", True), ("late", False)]
    assert "POST" in lines[0].verdict
    assert "all" in lines[2].verdict


def test_nothing_asked_is_nothing_told() -> None:
    """With empty fields no rule has a verdict."""
    assert verdicts([rule("a", 1)], {"method": "", "path": ""}) == {}
