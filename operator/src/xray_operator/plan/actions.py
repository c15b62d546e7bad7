"""The actions of a plan, as values."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from xray_model import Difference
from xray_operator.aws.objects import Tags, Value
from xray_operator.reasons import Reason


class KeepReason(Enum):
    """Why nothing is done."""

    IN_SYNC = auto()
    EXPIRED = auto()
    NOT_OWNED = auto()  # a deletion leaves what does not carry our tag
    UNOWNED = auto()  # as desired, and without an owner: no conflict on the command line


@dataclass(frozen=True, slots=True)
class Create:
    """Create an object with our tags."""

    value: Value
    tags: Tags


@dataclass(frozen=True, slots=True)
class Update:
    """Update the fields that differ in AWS."""

    value: Value
    arn: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Adopt:
    """Add our tags to an existing object: it becomes ours, or its deletion policy changes."""

    value: Value
    arn: str
    tags: Tags


@dataclass(frozen=True, slots=True)
class Replace:
    """Delete our group and create it again: a new expression must not share its service graph with the old one."""

    value: Value
    arn: str
    tags: Tags
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object that carries our tag and is no longer desired."""

    value: Value
    arn: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Restore the values from before the takeover."""

    value: Value
    arn: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """Remove our tags from an object that stays in AWS without an owner."""

    value: Value
    arn: str


@dataclass(frozen=True, slots=True)
class Observe:
    """Compare without writing; `arn` is None if AWS has no such object."""

    value: Value
    arn: str | None
    differences: tuple[Difference, ...]
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """Do nothing."""

    value: Value
    reason: KeepReason = KeepReason.IN_SYNC


@dataclass(frozen=True, slots=True)
class Conflict:
    """A policy, another resource or a quota forbids the write; `differences` is what stays different.

    `passing` says that the other resource is being deleted.
    """

    value: Value
    reason: Reason
    message: str
    differences: tuple[Difference, ...] = ()
    passing: bool = False


Action: TypeAlias = Create | Update | Adopt | Replace | Delete | Restore | Release | Keep | Observe | Conflict
WRITES = (Create, Update, Adopt, Replace, Delete, Restore, Release)
