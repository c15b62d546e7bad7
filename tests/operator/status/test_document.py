"""The status of an object: its fields, when its times change, and when there is nothing to write."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.operator.in_memory_kubernetes import group, rule
from xray_model import Difference, Group
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import Statistics
from xray_operator.kubernetes.resource import Resource, from_body
from xray_operator.plan.actions import Create, Observe, Restore
from xray_operator.plan.apply import Outcome
from xray_operator.reasons import Reason
from xray_operator.status.conditions import Condition, failed, has, invalid, remaining_drift
from xray_operator.status.document import LINT_MAX, Facts, build, patch

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 1, 13, tzinfo=UTC)
READY = Condition("Ready", True, Reason.AVAILABLE)
IN_SYNC = Condition("Synced", True, Reason.IN_SYNC)
NO_DRIFT = Condition("Drifted", False, Reason.NO_DRIFT)
REPAIRED = Condition("Drifted", False, Reason.DRIFT_REPAIRED, "fixedRate: 0.1 -> 0.5")
FACTS = Facts(arn="arn:1")
CHANGED = (Difference("FixedRate", 0.5, 0.1),)


def resource(status: dict[str, Any] | None = None, generation: int = 1, body: dict[str, Any] | None = None) -> Resource:
    """Return a resource with a status."""
    body = body or rule()
    metadata = {**body["metadata"], "uid": "u", "resourceVersion": "1", "generation": generation}
    return from_body({**body, "metadata": metadata, "status": status or {}})


def built(
    about: Resource,
    *found: Condition,
    facts: Facts = FACTS,
    now: datetime = NOON,
) -> dict[str, Any]:
    """Return the status that is built."""
    return build(about, found, facts, now)


def types(status: dict[str, Any]) -> list[str]:
    """Return the types of the conditions, in their order."""
    return [found["type"] for found in status["conditions"]]


def condition(status: dict[str, Any], condition_type: str) -> dict[str, Any]:
    """Return a condition."""
    found: dict[str, Any] = next(found for found in status["conditions"] if found["type"] == condition_type)
    return found


def test_complete_status() -> None:
    """Every field, in Kubernetes' form; a drift has the spec's field names and JSON values."""
    found = built(
        resource(generation=3),
        NO_DRIFT,
        READY,
        facts=Facts(
            arn="arn:1",
            drift=(Difference("FixedRate", 0.5, 0.1), Difference("Attributes", {"a": "ü"}, None)),
            lint=["never applies"],
            quota="2/25",
            statistics=Statistics(10, 5, 1),
            handled_token="token",
        ),
    )
    ready = {"type": "Ready", "status": "True", "reason": "Available", "message": ""}
    drifted = {"type": "Drifted", "status": "False", "reason": "NoDrift", "message": ""}
    times = {"observedGeneration": 3, "lastTransitionTime": "2026-01-01T12:00:00Z"}
    assert found == {
        "observedGeneration": 3,
        "name": "backend",
        "arn": "arn:1",
        "conditions": [{**ready, **times}, {**drifted, **times}],
        "drift": [
            {"field": "fixedRate", "desired": "0.5", "actual": "0.1"},
            {"field": "attributes", "desired": '{"a": "ü"}', "actual": "null"},
        ],
        "lint": ["never applies"],
        "quota": "2/25",
        "statistics": {"requests": 10, "sampled": 5, "borrowed": 1, "time": "2026-01-01T12:00:00Z"},
        "lastHandledReconcileAt": "token",
    }


def test_unknown_fields_are_omitted() -> None:
    """There are no nulls and no empty lists."""
    assert built(resource(), facts=Facts()) == {"observedGeneration": 1, "name": "backend", "conditions": []}


def test_drift_has_the_field_names_of_the_kind() -> None:
    """A field that the spec does not have keeps AWS's name."""
    drift = (Difference("FilterExpression", "fault", "error"), Difference("Newer", 1, 2))
    assert [difference["field"] for difference in built(resource(body=group()), facts=Facts(drift=drift))["drift"]] == [
        "filterExpression",
        "Newer",
    ]


def test_unchanged_status_is_equal_at_any_time() -> None:
    """So nothing is written."""
    first = built(resource(), READY, IN_SYNC, NO_DRIFT)
    again = built(resource(first), READY, IN_SYNC, NO_DRIFT, now=LATER)
    assert patch(first, again) == {}


def test_transition_time_changes_only_with_the_status() -> None:
    """Another reason, message or generation keeps it."""
    first = built(resource(), IN_SYNC)
    renamed = Condition("Synced", True, Reason.OBSERVED, "seen")
    same = condition(built(resource(first, generation=2), renamed, now=LATER), "Synced")
    assert (same["lastTransitionTime"], same["observedGeneration"], same["message"]) == (
        "2026-01-01T12:00:00Z",
        2,
        "seen",
    )
    turned = condition(built(resource(first), replace(IN_SYNC, status=False), now=LATER), "Synced")
    assert (turned["status"], turned["lastTransitionTime"]) == ("False", "2026-01-01T13:00:00Z")


def test_condition_that_is_not_updated_stays() -> None:
    """With its own generation."""
    first = built(resource(), READY, IN_SYNC, NO_DRIFT)
    unknown = Condition("Synced", None, Reason.UNREACHABLE)
    again = built(resource(first, generation=2), unknown, now=LATER)
    assert [(found["type"], found["status"], found["observedGeneration"]) for found in again["conditions"]] == [
        ("Ready", "True", 1),
        ("Synced", "Unknown", 2),
        ("Drifted", "False", 1),
    ]


def test_drift_repaired_stays_until_the_spec_changes() -> None:
    """Or until it drifts again."""
    first = built(resource(), REPAIRED)
    kept = built(resource(first), NO_DRIFT, now=LATER)
    assert condition(kept, "Drifted")["message"] == "fixedRate: 0.1 -> 0.5"
    assert patch(first, kept) == {}
    changed = built(resource(first, generation=2), NO_DRIFT, now=LATER)
    assert condition(changed, "Drifted")["reason"] == "NoDrift"
    drifted = built(resource(first), Condition("Drifted", True, Reason.DRIFT_DETECTED), now=LATER)
    assert condition(drifted, "Drifted")["reason"] == "DriftDetected"


def test_unknown_drift_keeps_the_previous_one() -> None:
    """While AWS cannot be read."""
    first = built(resource(), facts=Facts(drift=CHANGED))
    assert built(resource(first), facts=Facts(drift=None))["drift"] == first["drift"]
    assert "drift" not in built(resource(first), facts=Facts(drift=()))


def test_statistics_change_at_most_every_ten_minutes() -> None:
    """They change with every read of AWS, and a status must not."""
    first = built(resource(), facts=Facts(statistics=Statistics(10, 5, 1)))
    for later in (Statistics(20, 9, 2), None):
        again = built(resource(first), facts=Facts(statistics=later), now=NOON + timedelta(seconds=599))
        assert patch(first, again) == {}
    newer = built(resource(first), facts=Facts(statistics=Statistics(20, 9, 2)), now=NOON + timedelta(minutes=10))
    assert newer["statistics"] == {"requests": 20, "sampled": 9, "borrowed": 2, "time": "2026-01-01T12:10:00Z"}
    assert "statistics" not in built(resource(first), facts=Facts(), now=LATER)


def test_warnings_are_limited() -> None:
    """An object in Kubernetes is not a log."""
    found = built(resource(), facts=Facts(lint=[str(number) for number in range(50)]))
    assert found["lint"] == [str(number) for number in range(LINT_MAX)]


def test_patch_has_changes_and_removals() -> None:
    """A JSON merge patch removes by null."""
    assert patch({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4}) == {"b": 5, "d": 4, "c": None}


def test_progress_ends_with_the_next_result() -> None:
    """Reconciling and Stalled are absent, not False; one of them at most, and before Synced."""
    denied = failed(GatewayError(Reason.DENIED, "no"))
    first = built(resource(), *denied, NO_DRIFT)
    assert types(first) == ["Ready", "Reconciling", "Synced", "Drifted"]
    drifted = built(resource(first), Condition("Drifted", True, Reason.DRIFT_DETECTED))
    assert types(drifted) == ["Ready", "Reconciling", "Synced", "Drifted"]
    stalled = built(resource(first), *invalid("no"))
    assert types(stalled) == ["Ready", "Stalled", "Synced", "Drifted"]
    assert types(built(resource(stalled), READY, IN_SYNC)) == ["Ready", "Synced", "Drifted"]


@pytest.mark.parametrize(
    ("outcome", "drift", "remaining"),
    [
        (Outcome(Observe(Group(group_name="g"), "arn", CHANGED)), (), CHANGED),
        (Outcome(Create(Group(group_name="g"), {})), CHANGED, ()),
        (Outcome(Create(Group(group_name="g"), {}), GatewayError(Reason.DENIED, "no")), CHANGED, CHANGED),
        (Outcome(Restore(Group(group_name="g"), "arn", CHANGED)), (), ()),
    ],
)
def test_remaining_drift(outcome: Outcome, drift: tuple[Difference, ...], remaining: tuple[Difference, ...]) -> None:
    """Of observed objects, and of failed repairs."""
    assert remaining_drift([outcome], drift) == remaining


def test_has_reads_a_true_condition() -> None:
    """An empty status has none."""
    found = built(resource(), READY, NO_DRIFT)
    assert has(found, "Ready")
    assert not has(found, "Drifted")
    assert not has({}, "Ready")
