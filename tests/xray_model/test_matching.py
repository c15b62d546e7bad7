"""Rule matching: the same result as the X-Ray SDK, with a reason for each rule that does not apply."""

import pytest
from aws_xray_sdk.core.sampling.sampling_rule import SamplingRule as SdkRule
from aws_xray_sdk.core.utils.search_pattern import wildcard_match
from hypothesis import example, given
from hypothesis import strategies as st

from xray_model import RequestProperties, SamplingRule, default_rule, explain, matches_pattern, winner

PIECES = st.text(alphabet="aAbB/.*?İ-", max_size=8)
PATTERNS = st.one_of(st.just("*"), st.just(""), PIECES)


def rule(name: str = "one", **fields: object) -> SamplingRule:
    """Return a rule; omitted fields match everything."""
    given_fields: dict[str, object] = {"priority": 100, "fixed_rate": 0.5, "reservoir_size": 1} | fields
    return SamplingRule(rule_name=name, **given_fields)  # type: ignore[arg-type]  # any field of the rule


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("/api/*", "/api/activities/home", True),
        ("/api/?", "/api/", False),
        ("/api/?", "/api/x", True),
        ("GET", "get", True),
        ("*.example.com", "www.EXAMPLE.com", True),
        ("a*b*c", "aXbXc", True),
        ("a*b*c", "aXbX", False),
        ("**", "anything", True),
        ("a", "ab", False),
    ],
)
def test_stars_and_question_marks(pattern: str, text: str, expected: bool) -> None:
    """A star matches any text, a question mark one character, and matching ignores case."""
    assert matches_pattern(pattern, text) is expected


@given(PATTERNS, PIECES)
@example("*a", "*ba")
def test_patterns_match_as_in_the_sdk(pattern: str, text: str) -> None:
    """The SDK's matcher returns the same result for every pattern and text."""
    assert matches_pattern(pattern, text) is wildcard_match(pattern, text)


def test_many_stars_do_not_backtrack_exponentially() -> None:
    """A pattern that hangs a naive backtracking matcher returns."""
    assert not matches_pattern("*a" * 60 + "b", "a" * 4000)


@given(
    st.builds(
        lambda host, method, path, service: {
            "host": host,
            "http_method": method,
            "url_path": path,
            "service_name": service,
        },
        PATTERNS,
        PATTERNS,
        PATTERNS,
        PATTERNS,
    ),
    st.fixed_dictionaries({name: st.none() | PIECES for name in ("host", "http_method", "url_path", "service_name")}),
)
def test_rules_match_as_in_the_sdk(patterns: dict[str, str], request_: dict[str, str | None]) -> None:
    """The SDK's rule returns the same result for every request, with or without unknown properties."""
    theirs = SdkRule(
        name="one",
        priority=100,
        rate=0.5,
        reservoir_size=1,
        host=patterns["host"],
        method=patterns["http_method"],
        path=patterns["url_path"],
        service=patterns["service_name"],
        service_type="*",
    )
    asked = {
        "host": request_["host"],
        "method": request_["http_method"],
        "path": request_["url_path"],
        "service": request_["service_name"],
    }
    ours = RequestProperties(
        host=request_["host"],
        http_method=request_["http_method"],
        url_path=request_["url_path"],
        service_name=request_["service_name"],
    )
    found = winner([rule(**patterns)], ours)
    assert (found is not None) is bool(theirs.match(asked))


def test_the_lowest_priority_number_wins_and_then_the_name() -> None:
    """The name breaks ties."""
    rules = [rule("c", priority=2), rule("b", priority=1), rule("a", priority=2), default_rule()]
    assert [verdict.rule.rule_name for verdict in explain(rules, RequestProperties())] == ["b", "a", "c", "Default"]
    assert winner(rules, RequestProperties()) == rules[1]


def test_each_rule_that_does_not_apply_has_a_reason() -> None:
    """The reason is a property that does not match, a limit of the SDKs, or the winner."""
    rules = [
        rule("method", priority=1, http_method="POST"),
        rule("path", priority=2, url_path="/admin/*"),
        rule("arn", priority=3, resource_arn="arn:x"),
        rule("home", priority=4, url_path="/api/*"),
        default_rule(),
    ]
    asked = RequestProperties(http_method="GET", url_path="/api/home")
    assert [(verdict.rule.rule_name, verdict.matched, verdict.reason) for verdict in explain(rules, asked)] == [
        ("method", False, "HTTPMethod 'POST' does not match 'GET'"),
        ("path", False, "URLPath '/admin/*' does not match '/api/home'"),
        ("arn", False, "the SDKs ignore it: ResourceARN is 'arn:x', not '*'"),
        ("home", True, "every property matches"),
        ("Default", False, "comes after 'home', which matches"),
    ]


def test_attributes_match_outside_the_sdks() -> None:
    """API Gateway uses attributes: each must exist and match."""
    ruled = rule(attributes={"tier": "gold*"})
    reasons = [
        explain([ruled], RequestProperties(attributes=attributes), sdk=False)[0].reason
        for attributes in ({}, {"tier": "silver"}, {"tier": "golden"})
    ]
    assert reasons == [
        "the request has no attribute 'tier'",
        "attribute 'tier' 'gold*' does not match 'silver'",
        "every property matches",
    ]


def test_without_a_matching_rule_there_is_no_winner() -> None:
    """Rules without Default may all fail to match."""
    assert winner([rule(host="a")], RequestProperties(host="b")) is None
