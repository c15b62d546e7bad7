"""Which of several resources for one object in AWS manages it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.operator.in_memory_kubernetes import rule
from xray_model import SamplingRule
from xray_operator.aws.objects import OWNER_TAG, AwsObject, Observed
from xray_operator.controller.ownership import find_rival
from xray_operator.kubernetes.resource import FINALIZER, Resource, from_body

EMPTY = Observed((), {})
VALUE = SamplingRule(rule_name="shared", priority=1, fixed_rate=0.5, reservoir_size=1)


def resource(name: str, created: int = 1, claimed: bool = False, **spec: Any) -> Resource:
    """Return a rule resource that names `shared` in AWS; `created` is in seconds."""
    metadata = {
        "namespace": "default",
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "creationTimestamp": f"2026-01-01T00:00:{created:02}Z",
        "finalizers": [FINALIZER] if claimed else [],
    }
    return from_body({**rule(name, ruleName="shared", **spec), "metadata": metadata})


@pytest.mark.parametrize(
    ("own", "other", "other_manages"),
    [
        (resource("a", created=1), resource("b", created=2), False),
        (resource("a", created=2), resource("b", created=1), True),
        (resource("a", created=1), resource("b", created=2, claimed=True), True),
        (resource("a", created=2, claimed=True), resource("b", created=1), False),
        (resource("a", created=1), resource("b", created=1), False),  # the uid decides
        (resource("a", created=2), resource("b", created=1, managementPolicy="Observe"), False),
        (resource("a", created=2), resource("b", created=1, fixedRate=7), False),
        (resource("a", created=2), replace(resource("b", created=1), deleting=True), False),
        (resource("a", created=2), resource("b", created=1, claimed=True, fixedRate=7), True),
        (resource("a", created=2), replace(resource("b", created=1, claimed=True), deleting=True), True),
    ],
)
def test_claimed_resource_manages_before_an_older_one(own: Resource, other: Resource, other_manages: bool) -> None:
    """Observing, invalid and deleted resources manage only if they are claimed: AWS may still have their object."""
    assert find_rival(own, [other], EMPTY, "local") == (other if other_manages else None)


def test_owner_tag_in_aws_decides_first() -> None:
    """Even a younger, unclaimed resource manages what its tag is on; another cluster's tag does not count."""
    older, younger = resource("a", created=1, claimed=True), resource("b", created=2)
    observed = Observed((AwsObject(VALUE, "arn:1"),), {"arn:1": {OWNER_TAG: "local/default/b"}})
    assert find_rival(older, [younger], observed, "local") == younger
    assert find_rival(younger, [older], observed, "local") is None
    assert find_rival(younger, [older], observed, "another-cluster") == older


def test_rival_with_the_highest_precedence_is_returned() -> None:
    """The oldest of three."""
    oldest, older = resource("a", created=1), resource("b", created=2)
    assert find_rival(resource("c", created=3), [older, oldest], EMPTY, "local") == oldest


def test_resource_without_rivals_manages() -> None:
    """Whatever its age."""
    assert find_rival(resource("a"), [], EMPTY, "local") is None
