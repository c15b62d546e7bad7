"""Observes AWS and applies actions through a gateway. Blocks; `writer` applies actions in the event loop.

AWS is read once for all manifests; tags are read only of objects that a manifest names, or of all for pruning.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xray_operator.aws.errors import GatewayError
from xray_operator.aws.gateway import Gateway
from xray_operator.aws.objects import OWN_TAGS, Observed, Value, kind_of
from xray_operator.manifests.manifest import Manifest
from xray_operator.plan.actions import (
    Action,
    Adopt,
    Conflict,
    Create,
    Delete,
    Observe,
    Release,
    Replace,
    Restore,
    Update,
)
from xray_operator.reasons import Reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an action; `arn` is the object's after it."""

    action: Action
    error: GatewayError | None = None
    arn: str | None = None

    @property
    def done(self) -> bool:
        """Whether AWS is as the action requires."""
        return self.error is None and not isinstance(self.action, Conflict)


def observe(gateway: Gateway, desired: Sequence[Manifest], *, prune: bool = False) -> Observed:
    """Read AWS's objects, and the tags of the relevant ones; GatewayError unless all could be read."""
    objects = [*gateway.rules(), *gateway.groups()]
    named = {manifest.target for manifest in desired}
    relevant = [found for found in objects if not found.is_default and (prune or found.target in named)]
    return Observed(objects, {found.arn: gateway.tags(found.arn) for found in relevant})


def apply(actions: Sequence[Action], gateway: Gateway, report: Callable[[Outcome], None]) -> list[Outcome]:
    """Apply the actions in their order and report each outcome.

    A failed action does not stop the others, unless the next call would fail in the same way.
    """
    outcomes: list[Outcome] = []
    fatal: GatewayError | None = None
    for action in actions:
        outcome = Outcome(action, fatal) if fatal else apply_action(action, gateway)
        if outcome.error is not None and outcome.error.affects_all:
            fatal = outcome.error
        outcomes.append(outcome)
        report(outcome)
    return outcomes


def apply_action(action: Action, gateway: Gateway) -> Outcome:
    """Apply one action; an error is part of the outcome."""
    try:
        arn = _write(action, gateway)
    except GatewayError as error:
        return Outcome(action, error)
    return Outcome(action, arn=arn)


def _write(action: Action, gateway: Gateway) -> str | None:
    """Make the calls of an action and return the object's ARN, if it exists afterwards."""
    match action:
        case Create(value, tags):
            return gateway.create(value, tags)
        case Update(value, arn) | Restore(value, arn):
            gateway.update(value)
        case Adopt(_, arn, tags):
            gateway.tag(arn, tags)
        case Release(_, arn):
            gateway.untag(arn, OWN_TAGS)
        case Replace(value, arn, tags):
            _delete(gateway, value, arn)
            return gateway.create(value, tags)
        case Delete(value, arn):
            _delete(gateway, value, arn)
            return None
        case Observe(_, arn):
            return arn
        case _:
            return None
    return arn


def _delete(gateway: Gateway, value: Value, arn: str) -> None:
    try:
        gateway.delete(kind_of(value), arn)
    except GatewayError as error:
        if error.reason is not Reason.NOT_FOUND:  # already deleted by another client
            raise
