"""Observe, plan, apply: the one way in which manifests become AWS objects. Called by `cli`.

AWS is read once for everything; tags are read only of objects that a manifest names, or of all when pruning.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xray_operator.errors import GatewayError, Reason
from xray_operator.model import Manifest
from xray_operator.plan import Action, Adopt, Conflict, Create, Delete, Observed, Update
from xray_operator.ports import Gateway, kind_of, name_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action: `error` is None when it was done, or nothing was to do."""

    action: Action
    error: GatewayError | None = None

    @property
    def done(self) -> bool:
        """Tell whether AWS is as the action wanted it."""
        return self.error is None and not isinstance(self.action, Conflict)


def observe(gateway: Gateway, desired: Sequence[Manifest], *, prune: bool = False) -> Observed:
    """Read what AWS holds; GatewayError if it cannot be read whole."""
    held = [*gateway.rules(), *gateway.groups()]
    named = {(manifest.kind, name_of(manifest.value)) for manifest in desired}
    asked = [one for one in held if not one.value.is_default and (prune or (one.kind, one.name) in named)]
    return Observed(held, {one.arn: gateway.tags(one.arn) for one in asked})


def apply(actions: Sequence[Action], gateway: Gateway, told: Callable[[Outcome], None]) -> list[Outcome]:
    """Carry the actions out in their order and tell of each as it is done.

    An action that fails does not keep the others back, unless the next call would fail in the same way.
    """
    outcomes: list[Outcome] = []
    stopped: GatewayError | None = None
    for action in actions:
        outcome = Outcome(action, stopped) if stopped else _carry_out(action, gateway)
        if outcome.error is not None and outcome.error.stops_everything:
            stopped = outcome.error
        outcomes.append(outcome)
        told(outcome)
    return outcomes


def _carry_out(action: Action, gateway: Gateway) -> Outcome:
    try:
        match action:
            case Create(value, tags):
                gateway.create(value, tags)
            case Update(value):
                gateway.update(value)
            case Adopt(_, arn, tags):
                gateway.tag(arn, tags)
            case Delete():
                _delete(gateway, action)
            case _:
                pass
    except GatewayError as error:
        return Outcome(action, error)
    return Outcome(action)


def _delete(gateway: Gateway, action: Delete) -> None:
    try:
        gateway.delete(kind_of(action.value), action.arn)
    except GatewayError as error:
        if error.reason is not Reason.NOT_FOUND:  # somebody was faster, and that is what was wanted
            raise
