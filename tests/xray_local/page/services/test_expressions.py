import pytest

from xray_local.page.services.expressions import Names
from xray_model.filter_expression import nodes

KEYS = [("shop", "client"), ("shop", "AWS::ECS::Container"), ("users", "AWS::ECS::Container"), ("users", "remote")]


def test_a_service_is_named_by_its_name_alone() -> None:
    """As one types it; the client of its traces does not make the name ambiguous."""
    assert Names(KEYS).service(KEYS[1]) == 'service("shop")'


def test_a_name_of_two_services_is_named_with_its_type() -> None:
    """One sent segments, the other is inferred."""
    assert Names(KEYS).service(KEYS[3]) == 'service(id(name: "users", type: "remote"))'


def test_a_client_is_named_by_what_it_calls() -> None:
    """It is no service of a trace."""
    assert Names(KEYS).service(KEYS[0]) == 'edge(id(name: "shop", type: "client"), "shop")'


def test_a_call_is_named_by_both_ends_with_its_condition() -> None:
    """The condition is about the call."""
    expression = Names(KEYS).call(KEYS[1], KEYS[2], nodes.Not(nodes.Flag("ok")))
    assert expression == 'edge("shop", id(name: "users", type: "AWS::ECS::Container")) {!ok}'


@pytest.mark.parametrize("name", ['a"b', "back\\slash", "<script>"])
def test_any_name_is_quoted(name: str) -> None:
    """The expression is one string literal, whatever was recorded."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    assert Names([(name, "")]).service((name, "")) == f'service("{quoted}")'
