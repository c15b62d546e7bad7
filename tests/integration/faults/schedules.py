"""Random schedules from a seed: two to five resources, what users do to them, and the faults meanwhile. Pure.

Whatever happens in between, the end is known: no step has an outcome that depends on timing, except what a deletion
leaves in AWS, which is then optional in the environment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any

from tests.integration.faults.environment import SYNCED, Key, Wanted
from tests.integration.faults.pair import Change
from tests.integration.faults.steps import (
    Apply,
    ChangeLeader,
    Cut,
    Delete,
    Disturb,
    Edit,
    Foreign,
    Kill,
    Pause,
    Remove,
    Step,
    StopApiServer,
)
from xray_model import Group, InsightsConfiguration, SamplingRule, default_rule
from xray_operator.aws.objects import OWNER_TAG, Kind, Target, Value

RESOURCES_MAX = 5
_WRITES = {
    "rule": ("CreateSamplingRule", "UpdateSamplingRule", "DeleteSamplingRule"),
    "group": ("CreateGroup", "UpdateGroup", "DeleteGroup"),
}
_LISTS = ("GetSamplingRules", "GetGroups")
_TAGGING = ("TagResource", "UntagResource")
_EXPRESSIONS = ("responsetime > 1", "fault = true", 'service("shop")', 'annotation.zone = "a"', "error OR throttle")
LOST_SECONDS = 1.3  # longer than the operator's timeout
LATE_SECONDS = 4.0  # after a timeout, and while the operator still doubts what that write has done


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps of a seed."""

    seed: int
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        lines = [
            f"FAULT_SEED={self.seed} FAULT_SCHEDULES=1",
            *(f"{n:3} {step}" for n, step in enumerate(self.steps, 1)),
        ]
        return "\n".join(lines)


def schedule(seed: int) -> Schedule:
    """Return the schedule of a seed."""
    generator = _Generator(seed)
    generator.write()
    return Schedule(seed, tuple(generator.steps))


class _Generator:
    def __init__(self, seed: int) -> None:
        self.steps: list[Step] = []
        self._seed = seed
        self._random = Random(seed)
        self._numbers = count(1)
        self._live: dict[Key, Wanted] = {}
        self._history: dict[Target, list[Value]] = {}
        self._foreign: set[Target] = set()
        self._stale_operations: set[str] = set()

    def write(self) -> None:
        random = self._random
        for _ in range(random.randint(2, 3)):
            self._new()
        for _ in range(random.randint(3, 6)):
            self._trouble()
            self._change()
            if random.random() < 0.6:
                self.steps.append(Pause(round(random.uniform(0.01, 0.5), 2)))
        rare = random.random()
        if rare < 0.15:
            step: Step = StopApiServer(round(random.uniform(0, 1), 1)) if rare < 0.03 else Kill()
            self.steps.insert(random.randint(1, len(self.steps)), step)
        self._change_leader()

    def _change_leader(self) -> None:
        """Change the leader in every seventh schedule, in each way in turn."""
        number, rest = divmod(self._seed, 7)
        if rest == 2:
            how: tuple[Change, ...] = ("kill", "freeze", "terminate")
            self.steps.insert(self._random.randint(2, len(self.steps)), ChangeLeader(how[number % len(how)]))

    def _trouble(self) -> None:
        kinds: dict[Callable[[], Step | None], int] = {
            lambda: None: 4,
            self._throttle: 4,
            self._server_error: 4,
            self._lost: 4,
            self._stale: 3,
            self._cut: 4,
        }
        step = self._random.choices(list(kinds), list(kinds.values()))[0]()
        if step is not None:
            self.steps.append(step)

    def _throttle(self) -> Step:
        fault = {"code": "ThrottledException", "status": 429, "message": "Rate exceeded"}
        return self._disturb(fault, "*", most=10)

    def _server_error(self) -> Step:
        operation = self._random.choice(["*", *_LISTS, "ListTagsForResource", *_TAGGING, *self._a_write()])
        return self._disturb({"code": "InternalFailure", "status": 500}, operation, most=4)

    def _lost(self) -> Step:
        """AWS carries out the call and the answer is an error or too late; or it does so after the timeout."""
        lost: Mapping[str, Any] = self._random.choice(
            [
                {"when": "after", "status": 500},
                {"when": "after", "delay": LOST_SECONDS},
                {"when": "before", "delay": LOST_SECONDS},
                {"when": "before", "delay": LATE_SECONDS},
            ]
        )
        return self._disturb(lost, self._random.choice([*_TAGGING, *self._a_write()]), most=2)

    def _stale(self) -> Step | None:
        """AWS returns an outdated answer, at most once in a schedule for each operation."""
        operation = self._random.choice([*_LISTS, "ListTagsForResource"])
        if operation in self._stale_operations:
            return None
        self._stale_operations.add(operation)
        return self._disturb({"stale": True}, operation, most=2)

    def _disturb(self, fault: Mapping[str, Any], operation: str, *, most: int) -> Step:
        return Disturb(({"operation": operation, "times": self._random.randint(1, most), **fault},))

    def _cut(self) -> Step:
        return Cut(self._random.random() < 0.6, round(self._random.choice([0, 0.2, 0.5]), 1))

    def _a_write(self) -> tuple[str, ...]:
        return _WRITES[self._random.choice(["rule", "group"])]

    def _change(self) -> None:
        changes: dict[Callable[[Wanted], None], int] = {
            self._update: 4,
            self._edit: 3,
            self._remove: 2,
            self._delete: 3,
            self._recreate: 2,
            self._move: 2,
            self._flip_deletion_policy: 1,
        }
        if not self._live or (len(self._live) < RESOURCES_MAX and self._random.random() < 0.15):
            self._new()
            return
        wanted = self._random.choice(list(self._live.values()))
        self._random.choices(list(changes), list(changes.values()))[0](wanted)

    def _new(self) -> None:
        """Apply a new resource, after what is in AWS before it."""
        kind: Kind = self._random.choice(["rule", "group"])
        number = next(self._numbers)
        name = f"s{self._seed}-{number}"
        aws_name = name if self._random.random() < 0.7 else f"In AWS {self._seed}.{number}"
        policies = {"deletionPolicy": "Orphan"} if self._random.random() < 0.25 else {}
        style = self._random.choices(list(_STYLES), [5, 2, 1, 1, 1, 1])[0]
        if style == "default":
            if any(wanted.value.is_default for wanted in self._live.values()):
                return
            self._apply(Wanted(name=name, value=self._value("rule", "Default")))
            return
        adoption, owner, expects = _STYLES[style]
        if adoption:
            policies["adoptionPolicy"] = adoption
        elif kind == "group" and self._random.random() < 0.5:
            policies["updateStrategy"] = "Recreate"
        if adoption == "Force":
            policies.pop("deletionPolicy", None)  # which tags remain would depend on timing
        if style != "plain":
            self._foreign_object(kind, aws_name, owner)
        self._apply(Wanted(name=name, value=self._value(kind, aws_name), policies=policies, expects=expects))

    def _foreign_object(self, kind: Kind, aws_name: str, owner: str) -> None:
        value = self._value(kind, aws_name)
        tags = {"team": "shop"} | ({OWNER_TAG: owner} if owner else {})
        self.steps.append(Foreign(value, tags))
        self._foreign.add((kind, aws_name))
        self._history[kind, aws_name] = [value]

    def _update(self, wanted: Wanted) -> None:
        self._apply(replace(wanted, value=self._value(*wanted.target)))

    def _flip_deletion_policy(self, wanted: Wanted) -> None:
        """Flip the deletion policy."""
        if self._is_plain(wanted):
            turned = "Delete" if wanted.deletion == "Orphan" else "Orphan"
            self._apply(replace(wanted, policies={**wanted.policies, "deletionPolicy": turned}))

    def _edit(self, wanted: Wanted) -> None:
        if wanted.expects == SYNCED and not wanted.value.is_default:
            value = self._value(*wanted.target)
            self._history[wanted.target].append(value)
            self.steps.append(Edit(value))

    def _remove(self, wanted: Wanted) -> None:
        if wanted.expects == SYNCED and not wanted.value.is_default:
            self.steps.append(Remove(wanted.target))

    def _delete(self, wanted: Wanted) -> None:
        plain = self._is_plain(wanted) and wanted.deletion == "Delete"
        unsure = wanted.expects == SYNCED and not wanted.value.is_default and not plain
        del self._live[wanted.key]
        self.steps.append(Delete(wanted.key, tuple(self._history[wanted.target]) if unsure else ()))

    def _recreate(self, wanted: Wanted) -> None:
        """Delete it and apply a resource of the same name."""
        if wanted.expects != SYNCED or (self._is_plain(wanted) and wanted.deletion == "Delete"):
            self._delete(wanted)
            self._apply(replace(wanted, value=self._value(*wanted.target)))

    def _move(self, wanted: Wanted) -> None:
        """Delete it and apply another resource for the same object in AWS at once."""
        if wanted.expects != SYNCED or (self._is_plain(wanted) and wanted.deletion == "Delete"):
            self._delete(wanted)
            name = f"s{self._seed}-{next(self._numbers)}"
            self._apply(replace(wanted, name=name, value=self._value(*wanted.target)))

    def _is_plain(self, wanted: Wanted) -> bool:
        return wanted.expects == SYNCED and wanted.target not in self._foreign and not wanted.value.is_default

    def _apply(self, wanted: Wanted) -> None:
        self._live[wanted.key] = wanted
        self._history.setdefault(wanted.target, []).append(wanted.value)
        self.steps.append(Apply(wanted))

    def _value(self, kind: Kind, name: str) -> Value:
        random = self._random
        if kind == "group":
            insights = InsightsConfiguration(insights_enabled=random.random() < 0.3)
            return Group(group_name=name, filter_expression=random.choice(_EXPRESSIONS), insights=insights)
        rate, reservoir = random.randint(0, 100) / 100, random.randint(0, 50)
        if name == "Default":
            return replace(default_rule(), fixed_rate=rate, reservoir_size=reservoir)
        return SamplingRule(
            rule_name=name,
            priority=random.randint(1, 9999),
            fixed_rate=rate,
            reservoir_size=reservoir,
            service_name=random.choice(["*", "shop", "backend-flask"]),
            url_path=random.choice(["*", "/api/*"]),
            attributes=random.choice([{}, {"zone": "a"}]),
        )


# What is in AWS before a resource, by style: the resource's adoptionPolicy, the owner in AWS, and Synced's reason.
_STYLES: Mapping[str, tuple[str, str, str]] = {
    "plain": ("", "", SYNCED),
    "adopting": ("IfUnowned", "", SYNCED),
    "forcing": ("Force", "elsewhere/shop/one", SYNCED),
    "refused": ("", "", "NotOwned"),
    "foreign": ("IfUnowned", "elsewhere/shop/one", "ForeignOwner"),
    "default": ("", "", SYNCED),
}
