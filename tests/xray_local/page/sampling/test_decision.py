import pytest

from tests.xray_local.samples import rule
from xray_local.page.sampling.decision import decision, kept_a_second, policy
from xray_local.page.sampling.described import described
from xray_model.matching import RequestProperties
from xray_model.sampling_rule import SamplingRule, default_rule


def made(name: str, **more: object) -> SamplingRule:
    return SamplingRule.from_api(rule(name, **more))


RULES = (
    made("health", Priority=10, HTTPMethod="GET", URLPath="/healthz", FixedRate=0.0, ReservoirSize=0),
    made("gold", Priority=100, URLPath="/checkout", Attributes={"tenant": "gold*"}),
    made("storefront", Priority=5000, ServiceName="store*", FixedRate=0.1, ReservoirSize=1),
    default_rule(),
)


def test_a_request_is_described_by_the_fields_that_are_typed_in() -> None:
    """A path may be a whole URL; what is empty is unknown."""
    fields = {"method": "post", "path": "https://shop.example.com/checkout?x=1", "type": " AWS::EKS::Container "}
    asked = described(fields | {"attributes": "tenant=gold, vip=true,nonsense"})
    assert asked.properties == RequestProperties(
        host="shop.example.com",
        http_method="POST",
        url_path="/checkout",
        service_type="AWS::EKS::Container",
        attributes={"tenant": "gold", "vip": "true"},
    )
    assert asked.text == "POST shop.example.com/checkout of type AWS::EKS::Container with tenant=gold, vip=true"


@pytest.mark.parametrize(("text", "a_second"), [("", 10), ("2.5", 2.5), ("-1", 10), ("nan", 10), ("1e99", 10)])
def test_requests_a_second_are_a_number_or_ten(text: str, a_second: float) -> None:
    """An empty form does not describe a request either."""
    asked = described({"rate": text})
    assert (asked.a_second, asked.is_empty) == (a_second, True)


def test_a_decision_names_the_rule_the_reason_and_what_it_keeps() -> None:
    """The reservoir, and the rate of the rest."""
    found = decision(RULES, described({"method": "POST", "path": "/checkout", "service": "storefront", "rate": "40"}))
    assert (found.rule, found.policy) == ("storefront", "1 a second, then 10 %")
    assert found.reason == "service 'storefront' matches 'store*'"
    assert (found.a_second, found.kept) == (40, 4.9)
    assert found.share == pytest.approx(0.1225)
    assert found.sdk_rule is None


def test_a_rule_that_the_sdks_ignore_has_the_rule_that_they_take() -> None:
    """With the reason."""
    found = decision(RULES, described({"path": "/checkout", "attributes": "tenant=golden"}))
    assert (found.rule, found.sdk_rule, found.sdk_reasons) == ("gold", "storefront", ("it has Attributes",))
    assert found.reason == "path '/checkout' matches '/checkout', attribute 'tenant' matches 'gold*'"


def test_what_is_unknown_matches_and_is_named() -> None:
    """As in the SDKs."""
    found = decision(RULES, described({"path": "/x"}))
    assert (found.rule, found.reason) == ("storefront", "service is unknown, which 'store*' allows")
    assert decision(RULES[-1:], described({"path": "/x"})).reason == "it takes any request"
    assert decision((), described({"path": "/x"})).rule is None


@pytest.mark.parametrize(
    ("rate", "reservoir", "words", "kept"),
    [
        (0.1, 1, "1 a second, then 10 %", 1.9),
        (0.0, 2, "2 a second, then nothing", 2),
        (0.005, 0, "0.5 %", 0.05),
        (0, 0, "nothing", 0),
        (1, 50, "50 a second, then 100 %", 10),
    ],
)
def test_a_policy_is_in_words_and_in_numbers(rate: float, reservoir: int, words: str, kept: float) -> None:
    """Of ten requests a second."""
    found = made("a", FixedRate=rate, ReservoirSize=reservoir)
    assert policy(found) == words
    assert kept_a_second(found, 10) == pytest.approx(kept)
