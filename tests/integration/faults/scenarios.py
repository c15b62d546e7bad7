"""The scenarios during which the operator is killed, step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests.integration.faults.actions import Actions
from tests.integration.faults.environment import Key, Wanted
from xray_model import Group, SamplingRule, default_rule
from xray_operator.aws.objects import OWNER_TAG, Value, kind_of

Step = Callable[[Actions, str], None]
_FOREIGN_TAGS = {"team": "shop", OWNER_TAG: "elsewhere/shop/errors"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps with a fresh name. The kill points are the calls to AWS of the last step; the operator knows AWS before."""

    name: str
    steps: Sequence[Step]


def _rule(name: str, rate: float = 0.1) -> SamplingRule:
    return SamplingRule(rule_name=name, priority=100, fixed_rate=rate, reservoir_size=1, service_name="shop")


def _group(name: str, expression: str = "responsetime > 1") -> Group:
    return Group(group_name=name, filter_expression=expression)


def _faster(name: str) -> SamplingRule:
    return _rule(name, 0.5)


def _slower(name: str) -> Group:
    return _group(name, "responsetime > 5")


def _default(rate: float) -> SamplingRule:
    return replace(default_rule(), fixed_rate=rate)


def _make_rule(actions: Actions, name: str) -> None:
    actions.apply(Wanted(name=name, value=_rule(name)))


def _make_group(actions: Actions, name: str) -> None:
    actions.apply(Wanted(name=name, value=_group(name)))


def _make_orphan(actions: Actions, name: str) -> None:
    actions.apply(Wanted(name=name, value=_rule(name), policies={"deletionPolicy": "Orphan"}))


def _make_replaceable(actions: Actions, name: str) -> None:
    actions.apply(Wanted(name=name, value=_group(name), policies={"updateStrategy": "Recreate"}))


def _replace(actions: Actions, name: str) -> None:
    value = _slower(name)
    actions.apply(Wanted(name=name, value=value, policies={"updateStrategy": "Recreate"}))


def _foreign_rule(actions: Actions, name: str) -> None:
    actions.foreign(_rule(name), {"team": "shop"})


def _foreign_group(actions: Actions, name: str) -> None:
    actions.foreign(_group(name), _FOREIGN_TAGS)


def _adopt(actions: Actions, name: str) -> None:
    actions.apply(Wanted(name=name, value=_rule(name, 0.2), policies={"adoptionPolicy": "IfUnowned"}))


def _adopt_unread(actions: Actions, name: str) -> None:
    """Adopt an object that the operator has not read yet."""
    _foreign_rule(actions, name)
    _adopt(actions, name)


def _take(actions: Actions, name: str) -> None:
    value = _slower(name)
    actions.apply(Wanted(name=name, value=value, policies={"adoptionPolicy": "Force"}))


def _take_default(actions: Actions, name: str) -> None:
    actions.apply(Wanted(name=name, value=_default(1.0)))


def _delete_rule(actions: Actions, name: str) -> None:
    actions.delete(Key("rule", name))


def _expire(actions: Actions, name: str) -> None:
    actions.expire(Key("rule", name))


def _update_rule(actions: Actions, name: str) -> None:
    actions.apply(Wanted(name=name, value=_faster(name)))


def _update_group(actions: Actions, name: str) -> None:
    actions.apply(Wanted(name=name, value=_slower(name)))


def _delete_group(actions: Actions, name: str) -> None:
    actions.delete(Key("group", name))


def _steal(actions: Actions, name: str) -> None:
    """Replace the managed object by a foreign one that the operator has not read yet."""
    for value in (_rule(name), _group(name)):
        target = kind_of(value), name
        if actions.aws.find(target):
            actions.remove(target)
            actions.foreign(value, _FOREIGN_TAGS)


def _stolen(change: Callable[[str], Value], **policies: str) -> Step:
    def step(actions: Actions, name: str) -> None:
        _steal(actions, name)
        value = change(name)
        actions.apply(Wanted(name=name, value=value, policies=policies, expects="ForeignOwner"))

    return step


def _steal_and(then: Step) -> Step:
    def step(actions: Actions, name: str) -> None:
        _steal(actions, name)
        then(actions, name)

    return step


SCENARIOS = (
    Scenario("create_rule", [_make_rule]),
    Scenario("create_group", [_make_group]),
    Scenario("update_rule", [_make_rule, _update_rule]),
    Scenario("update_group", [_make_group, _update_group]),
    Scenario("replace_group", [_make_replaceable, _replace]),
    Scenario("keep_after_all", [_make_rule, _make_orphan]),
    Scenario("adopt_rule", [_foreign_rule, _adopt]),
    Scenario("adopt_unread", [_adopt_unread]),
    Scenario("take_group", [_foreign_group, _take]),
    Scenario("expire_rule", [_make_rule, _expire]),
    Scenario("expire_adopted", [_foreign_rule, _adopt, _expire]),
    Scenario("expire_unread", [_adopt_unread, _expire]),
    Scenario("delete_rule", [_make_rule, _delete_rule]),
    Scenario("delete_group", [_make_group, _delete_group]),
    Scenario("orphan_rule", [_make_orphan, _delete_rule]),
    Scenario("take_default", [_take_default]),
    Scenario("restore_default", [_take_default, _delete_rule]),
    Scenario("expire_default", [_take_default, _expire]),
    Scenario("stolen_rule_update", [_make_rule, _stolen(_faster)]),
    Scenario("stolen_rule_keep", [_make_rule, _stolen(_rule, deletionPolicy="Orphan")]),
    Scenario("stolen_rule_expire", [_make_rule, _steal_and(_expire)]),
    Scenario("stolen_rule_delete", [_make_rule, _steal_and(_delete_rule)]),
    Scenario("stolen_rule_orphan", [_make_orphan, _steal_and(_delete_rule)]),
    Scenario("stolen_group_update", [_make_group, _stolen(_slower)]),
    Scenario("stolen_group_replace", [_make_replaceable, _stolen(_slower, updateStrategy="Recreate")]),
    Scenario("stolen_group_delete", [_make_group, _steal_and(_delete_group)]),
)
