"""AWS's quotas, checked before a request is sent."""

from collections.abc import Mapping, Sequence

from xray_operator.aws.objects import Kind, Observed, Value, kind_of, name_of
from xray_operator.manifests.kinds import QUOTAS
from xray_operator.plan.actions import Action, Conflict, Create, Delete
from xray_operator.reasons import Reason


def is_full(kind: Kind, observed: Observed, quotas: Mapping[Kind, int]) -> bool:
    """Return whether one more object would exceed the quota."""
    return observed.used(kind) >= quotas[kind]


def conflict(value: Value, observed: Observed, quotas: Mapping[Kind, int] = QUOTAS) -> Conflict:
    """Return the conflict of an object that would exceed the quota."""
    kind = kind_of(value)
    usage = f"{observed.used(kind)} of {quotas[kind]}"
    message = f"cannot create {name_of(value)!r}: the {kind} quota is full ({usage})"
    return Conflict(value, Reason.QUOTA_EXCEEDED, message)


def deletes_first(creates: Sequence[Action], observed: Observed) -> bool:
    """Return whether the deletes must come first to make room for the creates."""
    return any(_exceeds(kind, creates, observed) for kind in QUOTAS)


def _exceeds(kind: Kind, creates: Sequence[Action], observed: Observed) -> bool:
    new = sum(isinstance(action, Create) and kind_of(action.value) == kind for action in creates)
    return new > 0 and observed.used(kind) + new > QUOTAS[kind]


def within_quota(creates: Sequence[Create], deletes: Sequence[Delete], observed: Observed) -> list[Action]:
    """Turn the creates that AWS would refuse into conflicts."""
    room = {
        kind: quota - observed.used(kind) + sum(kind_of(delete.value) == kind for delete in deletes)
        for kind, quota in QUOTAS.items()
    }
    actions: list[Action] = []
    for create in creates:
        kind = kind_of(create.value)
        room[kind] -= 1
        actions.append(create if room[kind] >= 0 else conflict(create.value, observed))
    return actions
