"""What an agent answers is read with tolerance, and what is reported is what botocore's model requires."""

import json
from contextlib import suppress
from typing import Any

import pytest
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from cruddur_tracing.sampling.documents import (
    DocumentError,
    boost_statistics,
    read_rules,
    read_targets,
    statistics,
    targets_request,
)
from cruddur_tracing.sampling.rule_state import BoostCounts, Counts, Target
from tests.tracing.sampling.scripted_agent import DEFAULT
from xray_model import SamplingRateBoost, SamplingRule, default_rule

RULE = {"RuleName": "a", "Priority": 1, "FixedRate": 0.5, "ReservoirSize": 2}


def page(*rules: object, **record: object) -> dict[str, Any]:
    return {"SamplingRuleRecords": [{"SamplingRule": rule} | record for rule in rules]}


def test_a_rule_needs_only_what_decides() -> None:
    """Other members have their defaults; unknown ones are ignored, and whole numbers may be floats."""
    minimal = SamplingRule(rule_name="a", priority=1, fixed_rate=0.5, reservoir_size=2)
    as_floats = RULE | {"Priority": 1.0, "ReservoirSize": 2.0, "Version": 1.0, "Host": None, "Attributes": None}
    unknown = RULE | {"RuleARN": "arn:x", "Novelty": {"a": [1]}}
    assert read_rules(page(RULE, as_floats, unknown)).rules == (minimal,) * 3


def test_a_rule_has_all_its_members() -> None:
    """Patterns, attributes, version and boost; a boost may have members that botocore does not know."""
    boost = {"MaxRate": 1, "CooldownWindowMinutes": 10.0, "DisableDefaultAnomalyDetection": True}
    patterns = {"ServiceName": "s", "ServiceType": "t", "Host": "h", "HTTPMethod": "m", "URLPath": "p"}
    rule = RULE | patterns | {"ResourceARN": "r", "Attributes": {"k": "v"}, "Version": 2, "SamplingRateBoost": boost}
    (read,) = read_rules(page(rule)).rules
    assert read.to_api() == rule | {"SamplingRateBoost": {"MaxRate": 1.0, "CooldownWindowMinutes": 10}}
    assert read.sampling_rate_boost == SamplingRateBoost(max_rate=1.0, cooldown_window_minutes=10)


def test_of_default_only_rate_and_reservoir_count() -> None:
    """AWS allows no other change, and it is the last rule whatever else it says."""
    odd = DEFAULT | {"Priority": 1, "Host": "example.com", "Attributes": {"a": "b"}}
    assert read_rules(page(odd)).rules == (default_rule(),)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"Priority": 1}, "RuleName: None: expected a string"),
        (RULE | {"FixedRate": 2}, "FixedRate: 2: expected a number from 0 to 1"),
        (RULE | {"FixedRate": float("nan")}, "FixedRate: nan: expected a number"),
        (RULE | {"FixedRate": 10**400}, "FixedRate: 1" + "0" * 59 + "…: expected a number"),
        (RULE | {"FixedRate": "0.5"}, "FixedRate: '0.5': expected a number"),
        (RULE | {"Priority": None}, "Priority: None: expected a number"),
        (RULE | {"Attributes": 5}, "Attributes: 5: expected an object"),
        (RULE | {"Host": ["x" * 100]}, "Host: ['" + "x" * 100 + "']: expected a string of at most 64 characters"),
        (RULE | {"SamplingRateBoost": {}}, "MaxRate: None: expected a number"),
        (None, "SamplingRule: None: expected an object"),
    ],
)
def test_a_rule_that_cannot_be_read_is_skipped(rule: object, problem: str) -> None:
    """The others count; the reason is kept for the log."""
    read = read_rules(page(rule, DEFAULT))
    assert read.rules == (default_rule(),)
    assert len(read.skipped) == 1
    assert problem in read.skipped[0]


@pytest.mark.parametrize(("modified", "newest"), [((5, 7.5, None), 7.5), ((1.7e12, 1.7e9, 5), 1.7e9), ((), 0.0)])
def test_the_newest_change_is_known(modified: tuple[float | None, ...], newest: float) -> None:
    """In seconds; a time in milliseconds is recognized."""
    records = [{"SamplingRule": RULE, "ModifiedAt": time} for time in modified]
    assert read_rules({"SamplingRuleRecords": records}).newest == newest


def test_targets() -> None:
    """Members that are missing or null are None; unknown ones are ignored."""
    full = {
        "RuleName": "a",
        "FixedRate": 1,
        "ReservoirQuota": 3.0,
        "ReservoirQuotaTTL": 1_700_000_000_000,
        "Interval": 20,
        "SamplingBoost": {"BoostRate": 0.5, "BoostRateTTL": 1_700_000_060},
        "Novelty": [],
    }
    bare = {"RuleName": "b", "Interval": 0, "ReservoirQuota": None, "SamplingBoost": {"BoostRate": 0.5}}
    problem = {"RuleName": "c", "ErrorCode": "RuleNotFound", "Message": "gone"}
    read = read_targets(
        {
            "SamplingTargetDocuments": [full, bare],
            "LastRuleModification": 1_700_000_000_000,
            "UnprocessedStatistics": [problem],
            "UnprocessedBoostStatistics": None,
        }
    )
    assert read.targets == (
        Target("a", 1, 3, 1_700_000_000, 20, 0.5, 1_700_000_060),
        Target("b"),
    )
    assert (read.rules_changed, read.unprocessed) == (1_700_000_000, ("c: RuleNotFound: gone",))
    assert read_targets({}) == ((), None, ())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ([], "the answer: []: expected an object"),
        ({"SamplingTargetDocuments": {}}, "SamplingTargetDocuments: {}: expected a list"),
        ({"SamplingTargetDocuments": [1]}, "SamplingTargetDocuments: 1: expected an object"),
        ({"SamplingTargetDocuments": [{"FixedRate": True}]}, "FixedRate: True: expected a number"),
        ({"LastRuleModification": "2026-11-29"}, "LastRuleModification: '2026-11-29': expected a number"),
        ({"UnprocessedStatistics": "x" * 99}, "UnprocessedStatistics: '" + "x" * 59 + "…: expected a list"),
    ],
)
def test_an_answer_that_cannot_be_read_is_named(answer: object, problem: str) -> None:
    """By the member, its value, and what was expected."""
    with pytest.raises(DocumentError) as raised:
        read_targets(answer)
    assert str(raised.value) == problem


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("SamplingRuleRecords", "SamplingRule", "ModifiedAt", "NextToken", *DEFAULT, "Attributes"),
                    *("SamplingTargetDocuments", "ReservoirQuota", "SamplingBoost", "LastRuleModification"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_answer_raises_another_error(answer: object) -> None:
    """Whatever JSON an agent sends."""
    for read in (read_rules, read_targets):
        with suppress(DocumentError):
            read(answer)


def test_the_request_is_valid_for_botocore() -> None:
    """With all members that AWS requires; statistics of a boost are left out if there are none."""
    shape = ServiceModel(create_loader().load_service_model("xray", "service-2")).operation_model("GetSamplingTargets")
    documents = [statistics("a", "0" * 24, 1_700_000_000.5, Counts(3, 2, 1))]
    boosts = [boost_statistics("a", "shop", 1_700_000_000.5, BoostCounts(3, 2, 1))]
    request = targets_request(documents, boosts)
    assert shape.input_shape is not None
    assert not ParamValidator().validate(request, shape.input_shape).has_errors()
    assert json.loads(json.dumps(request)) == {
        "SamplingStatisticsDocuments": [
            {
                "RuleName": "a",
                "ClientID": "0" * 24,
                "Timestamp": 1_700_000_000,
                "RequestCount": 3,
                "SampledCount": 2,
                "BorrowCount": 1,
            }
        ],
        "SamplingBoostStatisticsDocuments": [
            {
                "RuleName": "a",
                "ServiceName": "shop",
                "Timestamp": 1_700_000_000,
                "TotalCount": 3,
                "AnomalyCount": 2,
                "SampledAnomalyCount": 1,
            }
        ],
    }
    assert targets_request([], []) == {"SamplingStatisticsDocuments": []}
