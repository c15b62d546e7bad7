"""The in-memory gateway: AWS X-Ray's rules and groups with its quotas and errors, for tests of pure logic.

It passes the contract suite that boto3 against xray-local passes.
"""

from collections.abc import Mapping, Sequence

from xray_model import Group, ModelError, default_rule, limits
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import AwsObject, Kind, Statistics, Value, kind_of, name_of
from xray_operator.reasons import Reason

_QUOTAS = {"rule": limits.CUSTOM_RULES, "group": limits.GROUPS}


class InMemoryGateway:
    """Holds values by kind and name; `calls` has the name of every call, `failures` the errors still to come."""

    def __init__(self) -> None:
        self.held: dict[tuple[Kind, str], Value] = {}
        self.tagged: dict[str, dict[str, str]] = {}
        self.reported: dict[str, Statistics] = {}
        self.calls: list[str] = []
        self.failures: dict[str, list[GatewayError]] = {}
        for value in (default_rule(), Group(group_name="Default")):
            self.held[kind_of(value), name_of(value)] = value

    def rules(self) -> Sequence[AwsObject]:
        """Read all sampling rules."""
        self._called("rules")
        return self._of("rule")

    def groups(self) -> Sequence[AwsObject]:
        """Read all groups."""
        self._called("groups")
        return self._of("group")

    def tags(self, arn: str) -> Mapping[str, str]:
        """Read a resource's tags."""
        self._called("tags")
        self._find(arn)
        return dict(self.tagged.get(arn, {}))

    def create(self, value: Value, tags: Mapping[str, str]) -> str:
        """Create a rule or a group."""
        self._called("create")
        kind, name = kind_of(value), name_of(value)
        if (kind, name) in self.held:
            raise GatewayError(Reason.ALREADY_EXISTS, f"{kind} {name} already exists")
        if sum(one.kind == kind and not one.value.is_default for one in self._of(kind)) >= _QUOTAS[kind]:
            raise GatewayError(Reason.LIMIT_EXCEEDED, f"{kind} limit exceeded")
        self.held[kind, name] = value
        self.tagged[_arn(kind, name)] = dict(tags)
        return _arn(kind, name)

    def update(self, value: Value) -> None:
        """Send every updatable field."""
        self._called("update")
        key = kind_of(value), name_of(value)
        if key not in self.held:
            raise GatewayError(Reason.NOT_FOUND, f"{key[0]} {key[1]} does not exist")
        try:
            self.held[key] = self.held[key].updated(value.to_update())
        except ModelError as error:
            raise GatewayError(Reason.INVALID, str(error)) from error

    def delete(self, kind: Kind, arn: str) -> None:
        """Delete by ARN."""
        self._called("delete")
        found = self._find(arn)
        if found.value.is_default:
            raise GatewayError(Reason.INVALID, f"Default {kind} cannot be deleted")
        del self.held[kind, found.name]
        self.tagged.pop(arn, None)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags."""
        self._called("tag")
        self._find(arn)
        self.tagged.setdefault(arn, {}).update(tags)

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags off a resource."""
        self._called("untag")
        self._find(arn)
        held = self.tagged.get(arn, {})
        self.tagged[arn] = {key: text for key, text in held.items() if key not in keys}

    def statistics(self) -> Mapping[str, Statistics]:
        """Return what a test has put into `reported`."""
        self._called("statistics")
        return dict(self.reported)

    def _called(self, call: str) -> None:
        self.calls.append(call)
        waiting = self.failures.get(call)
        if waiting:
            raise waiting.pop(0)

    def _of(self, kind: Kind) -> list[AwsObject]:
        return [AwsObject(value, _arn(kind, name)) for (of, name), value in sorted(self.held.items()) if of == kind]

    def _find(self, arn: str) -> AwsObject:
        for one in [*self._of("rule"), *self._of("group")]:
            if one.arn == arn:
                return one
        raise GatewayError(Reason.NOT_FOUND, f"{arn} does not exist")


def _arn(kind: Kind, name: str) -> str:
    return f"arn:aws:xray:us-east-1:000000000000:{kind}/{name}"
