"""A Kubernetes object as a value: what is read from its body, and what is parsed once."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.operator.in_memory_kubernetes import RULE, default_rule_at, group, rule
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.objects import Value
from xray_operator.kubernetes.resource import Key, Resource, from_body, key_of, previous_text
from xray_operator.manifests.policies import DeletionPolicy


def stored(manifest: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Return a manifest as the API server returns it."""
    known = {"namespace": "default", "uid": "uid-1", "resourceVersion": "7", "generation": 2}
    return {**manifest, "metadata": {**known, **manifest["metadata"], **metadata}}


def test_resource_has_every_part_of_a_body() -> None:
    """Absent parts are empty."""
    found = from_body(stored(rule()))
    assert (found.key, found.uid, found.version, found.generation) == (RULE, "uid-1", "7", 2)
    assert (found.created, found.deleting, found.finalizers, found.token, found.previous) == ("", False, (), None, None)
    assert (found.target, found.deletion, found.problems, found.status) == (
        ("rule", "backend"),
        DeletionPolicy.DELETE,
        "",
        {},
    )
    assert found.manifest is not None
    assert found.manifest.value == SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)
    assert found.owner("local") == "local/default/backend"


def test_resource_has_the_metadata_and_the_status() -> None:
    """Deletion, finalizers, the token, the status."""
    body = stored(
        rule(deletionPolicy="Orphan"),
        deletionTimestamp="2026-01-01T00:00:00Z",
        creationTimestamp="2025-01-01T00:00:00Z",
        finalizers=["a", "xray.cruddur.io/finalizer"],
        annotations={"xray.cruddur.io/reconcile-at": "now"},
    )
    found = from_body({**body, "status": {"name": "backend"}})
    assert (found.deleting, found.created, found.claimed, found.token) == (True, "2025-01-01T00:00:00Z", True, "now")
    assert (found.deletion, found.status) == (DeletionPolicy.ORPHAN, {"name": "backend"})
    assert not from_body(stored(rule(), finalizers=["a"])).claimed


@pytest.mark.parametrize(
    ("body", "target", "text"),
    [
        (rule("a", ruleName="b"), ("rule", "b"), "XRaySamplingRule default/a"),
        (group("a", groupName="b"), ("group", "b"), "XRayGroup default/a"),
        (default_rule_at(1.0, "a"), ("rule", "Default"), "XRaySamplingRule default/a"),
    ],
)
def test_name_in_aws_may_differ(body: dict[str, Any], target: tuple[str, str], text: str) -> None:
    """The key has the object's own name."""
    found = from_body(stored(body))
    assert (found.target, str(found.key)) == (target, text)


def test_missing_namespace_is_default() -> None:
    """As everywhere in Kubernetes."""
    assert key_of(group()) == Key("group", "default", "failing")


def test_invalid_spec_has_its_problems_in_one_line() -> None:
    """Target and deletion policy are known all the same: the object may have to be deleted."""
    found = from_body(stored(rule(fixedRate=7, priority=0, ruleName="r", deletionPolicy="Orphan")))
    assert (found.manifest, found.target, found.deletion) == (None, ("rule", "r"), DeletionPolicy.ORPHAN)
    assert found.problems == (
        "spec.priority: 0: expected a whole number from 1 to 9999; spec.fixedRate: 7: expected a number from 0 to 1"
    )


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"suspend": "yes"}, "spec.suspend: 'yes': expected true or false"),
        ({"expiresAt": 7}, "spec.expiresAt: 7: expected a time with a time zone, such as 2030-01-31T12:00:00Z"),
        (
            {"expiresAt": "soon"},
            "spec.expiresAt: 'soon': expected a time with a time zone, such as 2030-01-31T12:00:00Z",
        ),
        (
            {"expiresAt": "2030-01-31T12:00:00"},
            "spec.expiresAt: '2030-01-31T12:00:00': expected a time with a time zone, such as 2030-01-31T12:00:00Z",
        ),
        ({"adoptionPolicy": "Always"}, "spec.adoptionPolicy: 'Always': expected Never, IfUnowned, Force"),
        ({"managementPolicy": None}, "spec.managementPolicy: None: expected Manage, Observe"),
    ],
)
def test_invalid_policy_is_named(spec: dict[str, Any], problem: str) -> None:
    """With the expected values; an older CRD may have accepted it."""
    found = from_body(stored(rule(**spec)))
    assert (found.manifest, found.problems) == (None, problem)


def test_expiry_is_converted_to_utc() -> None:
    """From the time zone of the text."""
    found = from_body(stored(rule(expiresAt="2030-01-31T12:00:00+01:00")))
    assert found.manifest is not None
    assert found.manifest.expires == datetime(2030, 1, 31, 11, tzinfo=UTC)


def test_spec_is_parsed_once_for_each_generation() -> None:
    """The metadata is read each time."""
    first = from_body(stored(rule()))
    again = from_body(stored(rule(), resourceVersion="8", finalizers=["xray.cruddur.io/finalizer"]), first)
    assert again.manifest is first.manifest
    assert (again.version, again.claimed) == ("8", True)
    changed = from_body(stored(rule(fixedRate=1), generation=3), first)
    recreated = from_body(stored(rule(fixedRate=1), uid="uid-2"), first)
    for resource in (changed, recreated):
        assert resource.manifest is not None
        assert isinstance(resource.manifest.value, SamplingRule)
        assert resource.manifest.value.fixed_rate == 1


def test_patched_reads_the_response() -> None:
    """It is a version of the object like any other."""
    first = from_body(stored(rule()))
    assert first.patched({**stored(rule(), resourceVersion="9"), "status": {"name": "x"}}).status == {"name": "x"}


def annotated(body: dict[str, Any], text: str) -> Resource:
    """Return an object with a text in the annotation."""
    return from_body(stored(body, annotations={"xray.cruddur.io/before": text}))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (default_rule_at(1.0), default_rule().updated({"FixedRate": 0.2})),
        (rule(), SamplingRule(rule_name="backend", priority=1, fixed_rate=0, reservoir_size=0, attributes={"a": "b"})),
        (group(), Group(group_name="failing", filter_expression="error")),
    ],
)
def test_previous_value_is_stored_and_read_back(body: dict[str, Any], value: Value) -> None:
    """In the annotation, as AWS's JSON."""
    assert annotated(body, previous_text(value)).previous == value


def test_annotation_is_compact_json() -> None:
    """With sorted keys and no spaces."""
    assert json.loads(previous_text(Group(group_name="g"))) == {
        "GroupName": "g",
        "InsightsConfiguration": {"InsightsEnabled": False, "NotificationsEnabled": False},
    }
    assert " " not in previous_text(default_rule())


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"RuleName": "backend"}', '{"Unknown": 1}'])
def test_invalid_annotation_has_no_previous_value(text: str) -> None:
    """It does not make the resource invalid."""
    found = annotated(rule(), text)
    assert found.previous is None
    assert found.manifest is not None


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_time_outside_the_calendar_is_a_problem(time: str) -> None:
    """In UTC it is after the last year, or before the first."""
    found = from_body(stored(rule(expiresAt=time)))
    assert found.manifest is None
    expected = "expected a time with a time zone, such as 2030-01-31T12:00:00Z"
    assert found.problems == f"spec.expiresAt: '{time}': {expected}"


class _Unreadable(dict[str, Any]):
    def items(self) -> Any:
        raise ZeroDivisionError


def test_unreadable_spec_is_a_problem() -> None:
    """Whatever the parser raises, the object gets a status."""
    body = stored(rule(samplingRateBoost=_Unreadable()))
    assert from_body(body).problems == "cannot read the spec: ZeroDivisionError"
