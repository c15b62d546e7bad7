"""Observe, plan, apply: the one way in which manifests become AWS objects. Called by `cli` and `controller`.

AWS is read once for everything; tags are read only of objects that a manifest names, or of all when pruning.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xray_operator.errors import GatewayError, Reason
from xray_operator.model import Manifest
from xray_operator.plan import (
    Action,
    Adopt,
    Conflict,
    Create,
    Delete,
    Observe,
    Observed,
    Release,
    Replace,
    Restore,
    Update,
)
from xray_operator.ports import DELETION_TAG, OWNER_TAG, Gateway, Value, kind_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action: `error` is None when it was done, or nothing was to do; `arn` is what is there now."""

    action: Action
    error: GatewayError | None = None
    arn: str | None = None

    @property
    def done(self) -> bool:
        """Tell whether AWS is as the action wanted it."""
        return self.error is None and not isinstance(self.action, Conflict)


def observe(gateway: Gateway, desired: Sequence[Manifest], *, prune: bool = False) -> Observed:
    """Read what AWS holds; GatewayError if it cannot be read whole."""
    held = [*gateway.rules(), *gateway.groups()]
    named = {manifest.target for manifest in desired}
    asked = [one for one in held if not one.value.is_default and (prune or one.target in named)]
    return Observed(held, {one.arn: gateway.tags(one.arn) for one in asked})


def apply(actions: Sequence[Action], gateway: Gateway, told: Callable[[Outcome], None]) -> list[Outcome]:
    """Carry the actions out in their order and tell of each as it is done.

    An action that fails does not keep the others back, unless the next call would fail in the same way.
    """
    outcomes: list[Outcome] = []
    stopped: GatewayError | None = None
    for action in actions:
        outcome = Outcome(action, stopped) if stopped else carry_out(action, gateway)
        if outcome.error is not None and outcome.error.stops_everything:
            stopped = outcome.error
        outcomes.append(outcome)
        told(outcome)
    return outcomes


def carry_out(action: Action, gateway: Gateway) -> Outcome:
    """Carry one action out; what goes wrong is in the outcome."""
    try:
        arn = _write(action, gateway)
    except GatewayError as error:
        return Outcome(action, error)
    return Outcome(action, arn=arn)


def _write(action: Action, gateway: Gateway) -> str | None:
    """Make the calls of an action and give the ARN of what AWS has then, if it has it."""
    match action:
        case Create(value, tags):
            return gateway.create(value, tags)
        case Update(value, arn) | Restore(value, arn):
            gateway.update(value)
        case Adopt(_, arn, tags):
            gateway.tag(arn, tags)
        case Release(_, arn):
            gateway.untag(arn, (OWNER_TAG, DELETION_TAG))
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
        if error.reason is not Reason.NOT_FOUND:  # somebody was faster, and that is what was wanted
            raise
