import pytest

from tests.xray_local.samples import rule
from xray_local.page.trace.about.decision import decision
from xray_local.page.trace.header import Sampled
from xray_model.sampling_rule import SamplingRule

RULES = [
    SamplingRule.from_api(known)
    for known in (
        rule("checkout", Priority=1, URLPath="/checkout*", HTTPMethod="POST"),
        rule("gold", Priority=2, Attributes={"tenant": "gold"}),
        rule("rest", Priority=3),
    )
]


@pytest.mark.parametrize(
    ("name", "path", "because"),
    [
        ("checkout", "/checkout", "the first rule that matches method POST, path /checkout*"),
        ("checkout", "/cart", "but not by today's rules: URLPath '/checkout*' does not match '/cart'"),
        ("rest", "/cart", "the first rule that matches any request"),
        ("rest", "/checkout", "but not by today's rules: comes after 'checkout', which matches"),
        ("deleted", "/cart", "no such rule is stored here"),
    ],
)
def test_a_trace_says_why_a_rule_took_it(name: str, path: str, because: str) -> None:
    """Or why it would not do so now, when the rules have changed."""
    sampled = Sampled(name, "shop", None, "POST", "shop.example.com", path)
    assert decision(sampled, RULES).because == because
