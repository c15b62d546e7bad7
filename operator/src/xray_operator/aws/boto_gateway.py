"""The X-Ray API by boto3: implements `Gateway`. Only this module and `boto_errors` know boto3 and botocore.

Retries are botocore's standard ones, few and bounded. A write that was sent and not answered is not repeated: AWS may
have carried it out, and another client may have made something of that name since.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError

from xray_model import UPDATABLE_GROUP_FIELDS, UPDATABLE_RULE_FIELDS, Group, ModelError, SamplingRule
from xray_operator.aws.boto_errors import translate
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import AwsObject, Kind, Statistics, Tags, Value
from xray_operator.reasons import Reason

CONNECT_SECONDS = 5
READ_SECONDS = 15
ATTEMPTS = 3

_Answer = TypeVar("_Answer")
# After these the next call opens a new connection: a kept one may lead to something else that answers, as when it was
# opened before the cluster knew the pods of xray-local's Service.
_MAYBE_NOT_XRAY = frozenset({Reason.UNREACHABLE, Reason.INVALID, Reason.DENIED})
_READS = ("Get", "List")  # how the names of the other operations begin
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)


def _ignore(operation: str, result: str) -> None:
    pass


class BotoGateway:
    """AWS X-Ray by boto3; the contract of each call is `Gateway`'s.

    `on_call` receives each call's operation (boto3's method) and `Success` or the error's reason.
    """

    def __init__(
        self,
        client: Any,
        on_call: Callable[[str, str], None] = _ignore,
        sts: Callable[[], Any] = lambda: boto3.client("sts"),
    ) -> None:
        self._client = client
        self._on_call = on_call
        self._sts = sts
        client.meta.events.register_first("needs-retry.xray", _refuse_to_repeat)

    @property
    def region(self) -> str:
        """The AWS region."""
        return str(self._client.meta.region_name)

    @property
    def endpoint(self) -> str:
        """The URL of the X-Ray API."""
        return str(self._client.meta.endpoint_url)

    def account(self) -> str:
        """Read the account of the credentials from STS."""
        try:
            caller = _translated(lambda: self._sts().get_caller_identity(), "STS", "get_caller_identity")
        except GatewayError as error:
            raise GatewayError(error.reason, f"cannot read the account from STS: {error.message}") from error
        return str(caller["Account"])

    def rules(self) -> Sequence[AwsObject]:
        """Read all sampling rules."""
        records = self._pages("get_sampling_rules", "SamplingRuleRecords")
        shapes = (record["SamplingRule"] for record in records)
        return [AwsObject(_read(_rule, shape), shape["RuleARN"]) for shape in shapes]

    def groups(self) -> Sequence[AwsObject]:
        """Read all groups."""
        return [AwsObject(_read(_group, shape), shape["GroupARN"]) for shape in self._pages("get_groups", "Groups")]

    def tags(self, arn: str) -> Tags:
        """Read a resource's tags."""
        return {tag["Key"]: tag["Value"] for tag in self._pages("list_tags_for_resource", "Tags", ResourceARN=arn)}

    def create(self, value: Value, tags: Tags) -> str:
        """Create a rule or a group."""
        if isinstance(value, SamplingRule):
            answer = self._call("create_sampling_rule", SamplingRule=value.to_api(), Tags=_tags(tags))
            return str(answer["SamplingRuleRecord"]["SamplingRule"]["RuleARN"])
        answer = self._call("create_group", **value.to_api(), Tags=_tags(tags))
        return str(answer["Group"]["GroupARN"])

    def update(self, value: Value) -> None:
        """Send every updatable field."""
        if isinstance(value, SamplingRule):
            self._call("update_sampling_rule", SamplingRuleUpdate=value.to_update())
        else:
            self._call("update_group", **value.to_update())

    def delete(self, kind: Kind, arn: str) -> None:
        """Delete by ARN."""
        if kind == "rule":
            self._call("delete_sampling_rule", RuleARN=arn)
        else:
            self._call("delete_group", GroupARN=arn)

    def tag(self, arn: str, tags: Tags) -> None:
        """Add tags."""
        self._call("tag_resource", ResourceARN=arn, Tags=_tags(tags))

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags."""
        self._call("untag_resource", ResourceARN=arn, TagKeys=list(keys))

    def statistics(self) -> Mapping[str, Statistics]:
        """Sum AWS's windows by rule."""
        sums: dict[str, Statistics] = {}
        for window in self._pages("get_sampling_statistic_summaries", "SamplingStatisticSummaries"):
            name = window["RuleName"]
            total = sums.get(name, Statistics(0, 0, 0))
            sums[name] = Statistics(
                total.requests + window.get("RequestCount", 0),
                total.sampled + window.get("SampledCount", 0),
                total.borrowed + window.get("BorrowCount", 0),
            )
        return {name: total for name, total in sums.items() if total.requests}

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = _translated(
                lambda: getattr(self._client, operation)(**request), self._client.meta.endpoint_url, operation
            )
        except GatewayError as error:
            self._on_call(operation, error.reason.value)
            if error.reason in _MAYBE_NOT_XRAY:
                self._client.close()
            raise
        self._on_call(operation, "Success")
        return answer

    def _pages(self, operation: str, key: str, **request: Any) -> Iterator[dict[str, Any]]:
        answer = self._call(operation, **request)
        yield from answer[key]
        while token := answer.get("NextToken"):
            answer = self._call(operation, **request, NextToken=token)
            yield from answer[key]


def connect(
    region: str | None,
    endpoint: str | None,
    *,
    attempts: int = ATTEMPTS,
    read_seconds: float = READ_SECONDS,
    on_call: Callable[[str, str], None] = _ignore,
) -> BotoGateway:
    """Return a gateway with the credentials that boto3 finds. GatewayError if there is no region."""
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    session = _translated(lambda: boto3.Session(region_name=region), endpoint or "AWS")
    client = _translated(lambda: session.client("xray", endpoint_url=endpoint, config=config), endpoint or "AWS")
    return BotoGateway(client, on_call, lambda: session.client("sts", config=config))


def _refuse_to_repeat(operation: Any, caught_exception: Exception | None, **_: Any) -> None:
    """Raise the exception of a write without an answer; botocore calls this after each attempt, before it retries."""
    is_read = operation.name.startswith(_READS)
    if caught_exception is not None and not is_read and not isinstance(caught_exception, _NOT_SENT):
        raise caught_exception


def _translated(call: Callable[[], _Answer], endpoint: str, operation: str = "") -> _Answer:
    try:
        return call()
    except Exception as error:  # botocore's credential providers raise whatever their files and programs cause
        raise translate(error, endpoint, operation) from error


def _rule(shape: Mapping[str, Any]) -> SamplingRule:
    return SamplingRule.from_api(_known(shape, ("RuleName", "Version", *UPDATABLE_RULE_FIELDS)))


def _group(shape: Mapping[str, Any]) -> Group:
    return Group.from_api(_known(shape, ("GroupName", *UPDATABLE_GROUP_FIELDS)), trusted=True)


def _known(shape: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Drop the fields of a newer API: one such object must not make all the others unreadable."""
    return {name: value for name, value in shape.items() if name in names}


def _read(build: Callable[[Mapping[str, Any]], _Answer], shape: Mapping[str, Any]) -> _Answer:
    try:
        return build(shape)
    except ModelError as error:
        raise GatewayError(Reason.INVALID, f"cannot read an object in AWS: {error}") from error


def _tags(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
