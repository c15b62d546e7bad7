"""The X-Ray API as the operator uses it. `boto_gateway` implements it; the contract suite holds for every one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from xray_operator.aws.objects import AwsObject, Kind, Statistics, Tags, Value


class Gateway(Protocol):
    """The calls. Each raises GatewayError; lists are complete, and a write without an answer is not repeated."""

    @property
    def region(self) -> str:
        """The AWS region."""
        ...

    @property
    def endpoint(self) -> str:
        """The URL of the X-Ray API."""
        ...

    def account(self) -> str:
        """Read the account of the credentials."""
        ...

    def rules(self) -> Sequence[AwsObject]:
        """Read all sampling rules, Default included."""
        ...

    def groups(self) -> Sequence[AwsObject]:
        """Read all groups, Default included."""
        ...

    def tags(self, arn: str) -> Tags:
        """Read a resource's tags; NOT_FOUND if it does not exist."""
        ...

    def create(self, value: Value, tags: Tags) -> str:
        """Create a rule or a group with its tags and return its ARN; ALREADY_EXISTS if the name is taken."""
        ...

    def update(self, value: Value) -> None:
        """Send every field that AWS can update; NOT_FOUND if there is no such name."""
        ...

    def delete(self, kind: Kind, arn: str) -> None:
        """Delete by ARN; NOT_FOUND if it does not exist."""
        ...

    def tag(self, arn: str, tags: Tags) -> None:
        """Add tags to a resource."""
        ...

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags from a resource; unknown keys are ignored."""
        ...

    def statistics(self) -> Mapping[str, Statistics]:
        """Sum AWS's latest windows of sampling statistics by rule name; rules without requests are left out."""
        ...
