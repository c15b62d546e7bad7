"""Compiled rules: the same result as the uncompiled ones, for every pattern and text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xray_model import Matcher, RequestProperties, SamplingRule, default_rule, matches_pattern, winner

ALPHABET = "aAbB/.*?[+\u0130\u212a\u017f\xe9\0\n-"  # with the letters whose lower case is ASCII, or longer
TEXTS = st.text(alphabet=ALPHABET, max_size=8)
PATTERNS = st.one_of(st.just("*"), st.just(""), TEXTS)
PROPERTIES = ("service_name", "service_type", "host", "http_method", "url_path", "resource_arn")
RULES = st.lists(st.fixed_dictionaries(dict.fromkeys(PROPERTIES, PATTERNS)), max_size=4)
REQUESTS = st.fixed_dictionaries(dict.fromkeys(PROPERTIES, st.none() | TEXTS))


def rule(name: str, priority: int = 1, **fields: object) -> SamplingRule:
    given_fields: dict[str, object] = {"priority": priority, "fixed_rate": 0.5, "reservoir_size": 1} | fields
    return SamplingRule(rule_name=name, **given_fields)  # type: ignore[arg-type]  # any field of the rule


def matcher(*rules: SamplingRule, required: tuple[str, ...] = ()) -> Matcher[str]:
    return Matcher(((found, found.rule_name) for found in rules), required)


@given(PATTERNS, TEXTS.filter(bool))
@example("*a", "*ba")
@example("*ab*", "aab")
@example("*a*ab", "aaab")
@example("\u212a", "k")
def test_a_compiled_pattern_matches_as_the_uncompiled_one(pattern: str, text: str) -> None:
    """Ignoring case, for ASCII and other texts, and for texts that contain wildcards."""
    found = matcher(rule("one", url_path=pattern)).first(RequestProperties(url_path=text))
    assert (found == "one") is matches_pattern(pattern, text)


@given(RULES, REQUESTS)
def test_the_first_match_is_the_winner(patterns: list[dict[str, str]], properties: dict[str, str | None]) -> None:
    """For all properties at once, known or unknown."""
    rules = [rule(f"rule {number}", number, **fields) for number, fields in enumerate(patterns, start=1)]
    request = RequestProperties(**properties)  # type: ignore[arg-type]  # none of them is `attributes`
    expected = winner(rules, request, sdk=False)
    assert matcher(*rules).first(request) == (expected.rule_name if expected else None)


@pytest.mark.parametrize(("arn", "expected"), [(None, "Default"), ("arn:aws:x", "x"), ("arn:aws:y", "Default")])
@pytest.mark.parametrize("path", ["/", "/*"])
def test_a_required_property_must_be_known(arn: str | None, expected: str, path: str) -> None:
    """A rule for one resource is not a rule for a process that does not know its own."""
    rules = matcher(rule("x", resource_arn="arn:aws:x"), default_rule(), required=("resource_arn",))
    assert rules.first(RequestProperties(url_path=path, resource_arn=arn)) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [({}, "Default"), ({"tier": "Gold"}, "tier"), ({"beta": True, "size": 5}, "size"), ({"beta": False}, "Default")],
)
def test_attributes_must_all_match(attributes: dict[str, object], expected: str) -> None:
    """A value that is not a string is compared as its JSON text; a rule that fails leaves the request to the next."""
    rules = [rule("tier", attributes={"tier": "g*"}), rule("size", 2, attributes={"beta": "true", "size": "?"})]
    found = matcher(*rules, default_rule()).first(RequestProperties(url_path="/", attributes=attributes))
    assert found == expected


def test_no_rules_match_nothing() -> None:
    """An empty list of rules is not an empty expression, which matches everything."""
    assert matcher().first(RequestProperties(url_path="/")) is None


def test_many_stars_do_not_backtrack_exponentially() -> None:
    """A pattern that hangs a naive regular expression returns."""
    assert matcher(rule("one", url_path="*a" * 60 + "b")).first(RequestProperties(url_path="a" * 4000)) is None
