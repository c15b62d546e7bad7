import json

import pytest

from tests.xray_local.samples import rule
from xray_local.page.sampling.edits import edited
from xray_model.sampling_rule import SamplingRule, default_rule

RULES = (SamplingRule.from_api(rule("a.b")), default_rule())


def test_numbers_are_changed_and_rules_left_out_and_added() -> None:
    """Rates are typed in percent; what is empty stays."""
    query = {"rate.a.b": "12.5", "reservoir.a.b": "", "priority.a.b": "7", "rate.Default": "0"}
    changed, default = edited(RULES, query).rules
    assert (changed.fixed_rate, changed.reservoir_size, changed.priority, default.fixed_rate) == (0.125, 10, 7, 0)
    names = [found.rule_name for found in edited(RULES, {"without.a.b": "1", "new.name": "n"}).rules]
    assert names == ["Default", "n"]
    added = edited(RULES, {"new.name": "n", "new.path": "/x", "new.rate": "50", "new.reservoir": "3"}).rules[-1]
    assert (added.url_path, added.host, added.fixed_rate, added.reservoir_size, added.priority) == (
        "/x",
        "*",
        0.5,
        3,
        1,
    )


@pytest.mark.parametrize("shape", ["rules", "records"])
def test_pasted_rules_replace_all_but_default(shape: str) -> None:
    """An array of rules, or the answer of GetSamplingRules."""
    shapes = [rule("x")]
    text = json.dumps(shapes if shape == "rules" else {"SamplingRuleRecords": [{"SamplingRule": shapes[0]}]})
    assert [found.rule_name for found in edited(RULES, {"rules": text}).rules] == ["Default", "x"]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"rate.a.b": "many"}, "rate.a.b: 'many': expected a number"),
        ({"rate.a.b": "101"}, "FixedRate: 1.01: expected "),
        ({"priority.Default": "3"}, "Priority: 3: expected 10000 for the Default rule"),
        ({"rules": "{"}, "the pasted rules are not valid JSON: "),
        ({"rules": "[1]"}, "the pasted rules: expected an array of SamplingRule objects"),
        ({"rules": "[{}]"}, "RuleName: None: expected a value"),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(query: dict[str, str], problem: str) -> None:
    """With the field."""
    found = edited(RULES, query)
    assert found.rules == RULES
    assert found.problem.startswith(problem)
