"""The in-memory gateway: AWS X-Ray's rules and groups with its quotas and errors, for tests without a network.

It passes the contract suite that boto3 against xray-local passes.
"""

import threading
from collections.abc import Mapping, Sequence

from xray_model import Group, ModelError, default_rule, limits
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import AwsObject, Kind, Statistics, Value, kind_of, name_of
from xray_operator.reasons import Reason

_QUOTAS = {"rule": limits.CUSTOM_RULES, "group": limits.GROUPS}


class InMemoryGateway:
    """`Gateway` in memory.

    `values` are by kind and name, `calls` has the name of every call, and `failures` has the errors to raise, by call.
    """

    def __init__(self) -> None:
        self.values: dict[tuple[Kind, str], Value] = {}
        self.tags_by_arn: dict[str, dict[str, str]] = {}
        self.statistics_by_rule: dict[str, Statistics] = {}
        self.calls: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        for value in (default_rule(), Group(group_name="Default")):
            self.values[kind_of(value), name_of(value)] = value

    region, endpoint = "us-east-1", "https://xray.us-east-1.amazonaws.com"

    def account(self) -> str:
        """Return the account."""
        self._record("account")
        return "111122223333"

    def rules(self) -> Sequence[AwsObject]:
        """Read all sampling rules."""
        self._record("rules")
        return self._objects("rule")

    def groups(self) -> Sequence[AwsObject]:
        """Read all groups."""
        self._record("groups")
        return self._objects("group")

    def tags(self, arn: str) -> Mapping[str, str]:
        """Read a resource's tags."""
        self._record("tags")
        self._find(arn)
        return dict(self.tags_by_arn.get(arn, {}))

    def create(self, value: Value, tags: Mapping[str, str]) -> str:
        """Create a rule or a group."""
        self._record("create")
        kind, name = kind_of(value), name_of(value)
        if (kind, name) in self.values:
            raise GatewayError(Reason.ALREADY_EXISTS, f"{kind} {name} already exists")
        if sum(not found.is_default for found in self._objects(kind)) >= _QUOTAS[kind]:
            raise GatewayError(Reason.LIMIT_EXCEEDED, f"{kind} limit exceeded")
        self.values[kind, name] = value
        self.tags_by_arn[_arn(kind, name)] = dict(tags)
        return _arn(kind, name)

    def update(self, value: Value) -> None:
        """Update every updatable field."""
        self._record("update")
        key = kind_of(value), name_of(value)
        if key not in self.values:
            raise GatewayError(Reason.NOT_FOUND, f"{key[0]} {key[1]} does not exist")
        try:
            self.values[key] = self.values[key].updated(value.to_update())
        except ModelError as error:
            raise GatewayError(Reason.INVALID, str(error)) from error

    def delete(self, kind: Kind, arn: str) -> None:
        """Delete by ARN."""
        self._record("delete")
        found = self._find(arn)
        if found.is_default:
            raise GatewayError(Reason.INVALID, f"Default {kind} cannot be deleted")
        del self.values[kind, found.name]
        self.tags_by_arn.pop(arn, None)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags."""
        self._record("tag")
        self._find(arn)
        self.tags_by_arn.setdefault(arn, {}).update(tags)

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags."""
        self._record("untag")
        self._find(arn)
        tags = self.tags_by_arn.get(arn, {})
        self.tags_by_arn[arn] = {key: text for key, text in tags.items() if key not in keys}

    def statistics(self) -> Mapping[str, Statistics]:
        """Return the statistics that a test has set."""
        self._record("statistics")
        return dict(self.statistics_by_rule)

    def _record(self, call: str) -> None:
        self.calls.append(call)
        failures = self.failures.get(call)
        if failures:
            raise failures.pop(0)

    def _objects(self, kind: Kind) -> list[AwsObject]:
        return [
            AwsObject(value, _arn(kind, name)) for (found, name), value in sorted(self.values.items()) if found == kind
        ]

    def _find(self, arn: str) -> AwsObject:
        for found in [*self._objects("rule"), *self._objects("group")]:
            if found.arn == arn:
                return found
        raise GatewayError(Reason.NOT_FOUND, f"{arn} does not exist")


class SlowGateway(InMemoryGateway):
    """Ends a read when `proceed` is set; `reading` is set when one has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = threading.Event()
        self.proceed = threading.Event()

    def statistics(self) -> Mapping[str, Statistics]:
        """Wait for the test."""
        self.reading.set()
        assert self.proceed.wait(10)
        return super().statistics()


def _arn(kind: Kind, name: str) -> str:
    return f"arn:aws:xray:us-east-1:000000000000:{kind}/{name}"
