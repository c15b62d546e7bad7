"""Manifests, what AWS has, and the plan for them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from xray_model import Group, SamplingRule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, AwsObject, Observed, Value
from xray_operator.manifests.manifest import Manifest
from xray_operator.manifests.policies import AdoptionPolicy
from xray_operator.plan.actions import (
    Action,
)
from xray_operator.plan.planner import plan

RULE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
GROUP = Group(group_name="failing", filter_expression="fault")
OURS = {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"}
THEIRS = {OWNER_TAG: "prod/default/backend"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def manifest(value: Value = RULE, name: str = "backend", adoption: AdoptionPolicy = AdoptionPolicy.NEVER) -> Manifest:
    """Return a manifest with a value."""
    return Manifest(name=name, namespace="default", value=value, adoption=adoption)


def observed(*objects: tuple[Value, dict[str, str]]) -> Observed:
    """Return AWS with these values and tags; the ARNs are numbered."""
    found = [AwsObject(value, f"arn:{number}") for number, (value, _) in enumerate(objects)]
    return Observed(found, {f"arn:{number}": tags for number, (_, tags) in enumerate(objects)})


def planned(desired: Sequence[Manifest], aws: Observed, *, prune: Collection[str] = ()) -> tuple[Action, ...]:
    """Plan for the cluster `local`."""
    return plan(desired, aws, cluster_id="local", now=NOW, prune=prune)
