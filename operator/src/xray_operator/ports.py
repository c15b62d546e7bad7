"""What the core asks of AWS: the narrow interface that `gateway` (boto3) and the in-memory one in the tests fill.

One suite, tests/contract, holds for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from xray_model import Group, SamplingRule

Kind: TypeAlias = Literal["rule", "group"]
Value: TypeAlias = SamplingRule | Group
Target: TypeAlias = tuple[Kind, str]  # what in AWS is meant: the kind and the rule's or group's name
OWNER_TAG = "xray.cruddur.io/owner"
DELETION_TAG = "xray.cruddur.io/deletion-policy"


@dataclass(frozen=True, slots=True)
class Held:
    """A rule or group that AWS holds, with its ARN."""

    value: Value
    arn: str

    @property
    def kind(self) -> Kind:
        """Tell a rule from a group."""
        return kind_of(self.value)

    @property
    def name(self) -> str:
        """The rule's or the group's name."""
        return name_of(self.value)

    @property
    def target(self) -> Target:
        """The kind and the name."""
        return self.kind, self.name


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the SDKs reported of a rule: requests that matched, those sampled, those borrowed from the reservoir."""

    requests: int
    sampled: int
    borrowed: int


def kind_of(value: Value) -> Kind:
    """Tell a rule from a group."""
    return "rule" if isinstance(value, SamplingRule) else "group"


def name_of(value: Value) -> str:
    """Give a rule's or a group's name."""
    return value.rule_name if isinstance(value, SamplingRule) else value.group_name


class Gateway(Protocol):
    """The calls that the core makes. Each raises GatewayError; lists are whole, never one page."""

    def rules(self) -> Sequence[Held]:
        """Read all sampling rules, Default included."""
        ...

    def groups(self) -> Sequence[Held]:
        """Read all groups, Default included."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """Read a resource's tags."""
        ...

    def create(self, value: Value, tags: Mapping[str, str]) -> str:
        """Create a rule or a group with its tags and give its ARN; ALREADY_EXISTS if the name is taken."""
        ...

    def update(self, value: Value) -> None:
        """Send every field that AWS lets be updated; NOT_FOUND if there is no such name."""
        ...

    def delete(self, kind: Kind, arn: str) -> None:
        """Delete by ARN; NOT_FOUND if it is not there."""
        ...

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to a resource."""
        ...

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags off a resource; keys that it does not have are passed over."""
        ...

    def statistics(self) -> Mapping[str, Statistics]:
        """Sum AWS's latest windows of sampling statistics by rule name; rules without requests are left out."""
        ...
