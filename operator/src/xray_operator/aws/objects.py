"""Sampling rules and groups as objects in AWS: a value, an ARN, tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from xray_model import Group, SamplingRule

Kind: TypeAlias = Literal["rule", "group"]
Value: TypeAlias = SamplingRule | Group
Target: TypeAlias = tuple[Kind, str]  # identifies an object in AWS: its kind and the rule's or group's name
Tags: TypeAlias = Mapping[str, str]
OWNER_TAG = "xray.cruddur.io/owner"
DELETION_TAG = "xray.cruddur.io/deletion-policy"
OWN_TAGS = (OWNER_TAG, DELETION_TAG)


def kind_of(value: Value) -> Kind:
    """Return the kind of a value."""
    return "rule" if isinstance(value, SamplingRule) else "group"


def name_of(value: Value) -> str:
    """Return a rule's or a group's name."""
    return value.rule_name if isinstance(value, SamplingRule) else value.group_name


def target_of(value: Value) -> Target:
    """Return the kind and the name of a value."""
    return kind_of(value), name_of(value)


@dataclass(frozen=True, slots=True)
class AwsObject:
    """A rule or a group in AWS, with its ARN."""

    value: Value
    arn: str

    @property
    def kind(self) -> Kind:
        """The kind of the value."""
        return kind_of(self.value)

    @property
    def name(self) -> str:
        """The rule's or the group's name."""
        return name_of(self.value)

    @property
    def target(self) -> Target:
        """The kind and the name."""
        return target_of(self.value)

    @property
    def is_default(self) -> bool:
        """Whether it is the region's Default rule or group, which cannot be created, tagged or deleted."""
        return self.value.is_default


@dataclass(frozen=True, slots=True)
class Statistics:
    """The SDKs' reports about one rule: matched, sampled and borrowed requests."""

    requests: int
    sampled: int
    borrowed: int


@dataclass(frozen=True, slots=True)
class Observed:
    """The objects in AWS, and the tags of those whose tags were read (by ARN)."""

    objects: Sequence[AwsObject]
    tags: Mapping[str, Tags]
    _by_target: Mapping[Target, AwsObject] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_target", {found.target: found for found in self.objects})

    def find(self, target: Target) -> AwsObject | None:
        """Return the object of a kind and name."""
        return self._by_target.get(target)

    def owner(self, found: AwsObject) -> str | None:
        """Return the owner in an object's tags."""
        return self.tags.get(found.arn, {}).get(OWNER_TAG)

    def used(self, kind: Kind) -> int:
        """Count the objects that AWS's quota counts: those of a kind without Default."""
        return sum(found.kind == kind and not found.is_default for found in self.objects)
