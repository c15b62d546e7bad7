"""The only module with boto3 and botocore: the X-Ray API as `ports.Gateway`, and AWS's errors as ours.

X-Ray says "not found" and "already exists" by message alone (both are InvalidRequestException), so those texts are
matched here, without case and by part. Retries are botocore's standard ones, few and bounded.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import boto3
import botocore.exceptions
from botocore.config import Config

from xray_model import UPDATABLE_GROUP_FIELDS, UPDATABLE_RULE_FIELDS, Group, ModelError, SamplingRule
from xray_operator.errors import GatewayError, Reason
from xray_operator.ports import Held, Kind, Statistics, Value

CONNECT_SECONDS = 5
READ_SECONDS = 15
ATTEMPTS = 3

_Answer = TypeVar("_Answer")
_CODES = {
    "ThrottledException": Reason.THROTTLED,
    "ThrottlingException": Reason.THROTTLED,
    "TooManyRequestsException": Reason.THROTTLED,
    "RuleLimitExceededException": Reason.LIMIT_EXCEEDED,
    "TooManyTagsException": Reason.LIMIT_EXCEEDED,
    "ResourceNotFoundException": Reason.NOT_FOUND,
    "AccessDenied": Reason.DENIED,
    "AccessDeniedException": Reason.DENIED,
    "ExpiredToken": Reason.DENIED,
    "ExpiredTokenException": Reason.DENIED,
    "InvalidClientTokenId": Reason.DENIED,
    "InvalidSignatureException": Reason.DENIED,
    "MissingAuthenticationTokenException": Reason.DENIED,
    "SignatureDoesNotMatch": Reason.DENIED,
    "UnrecognizedClientException": Reason.DENIED,
}
# Parts of messages, since the code of all of them is InvalidRequestException.
_MESSAGES = (
    ("already exist", Reason.ALREADY_EXISTS),
    ("does not exist", Reason.NOT_FOUND),
    ("not found", Reason.NOT_FOUND),
    ("limit exceeded", Reason.LIMIT_EXCEEDED),
)


def _unheard(operation: str, result: str) -> None:
    pass


class XRayGateway:
    """AWS X-Ray by boto3; see `ports.Gateway` for what each call promises.

    `told` hears of every call: its operation (boto3's method) and `Success` or the error's reason.
    """

    def __init__(self, client: Any, told: Callable[[str, str], None] = _unheard) -> None:
        self._client = client
        self._told = told

    def rules(self) -> Sequence[Held]:
        """Read all sampling rules."""
        records = self._pages("get_sampling_rules", "SamplingRuleRecords")
        shapes = (record["SamplingRule"] for record in records)
        return [Held(_read(_rule, shape), shape["RuleARN"]) for shape in shapes]

    def groups(self) -> Sequence[Held]:
        """Read all groups."""
        return [Held(_read(_group, shape), shape["GroupARN"]) for shape in self._pages("get_groups", "Groups")]

    def tags(self, arn: str) -> Mapping[str, str]:
        """Read a resource's tags."""
        return {tag["Key"]: tag["Value"] for tag in self._pages("list_tags_for_resource", "Tags", ResourceARN=arn)}

    def create(self, value: Value, tags: Mapping[str, str]) -> str:
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

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags."""
        self._call("tag_resource", ResourceARN=arn, Tags=_tags(tags))

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags off."""
        self._call("untag_resource", ResourceARN=arn, TagKeys=list(keys))

    def statistics(self) -> Mapping[str, Statistics]:
        """Sum the windows that AWS gives, by rule."""
        sums: dict[str, Statistics] = {}
        for window in self._pages("get_sampling_statistic_summaries", "SamplingStatisticSummaries"):
            name, sum_ = window["RuleName"], sums.get(window["RuleName"], Statistics(0, 0, 0))
            sums[name] = Statistics(
                sum_.requests + window.get("RequestCount", 0),
                sum_.sampled + window.get("SampledCount", 0),
                sum_.borrowed + window.get("BorrowCount", 0),
            )
        return {name: one for name, one in sums.items() if one.requests}

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = _translated(
                lambda: getattr(self._client, operation)(**request), self._client.meta.endpoint_url
            )
        except GatewayError as error:
            self._told(operation, error.reason.value)
            raise
        self._told(operation, "Success")
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
    told: Callable[[str, str], None] = _unheard,
) -> XRayGateway:
    """Make the gateway; credentials come from boto3's usual places. GatewayError if there is no region."""
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    client = _translated(
        lambda: boto3.Session(region_name=region).client("xray", endpoint_url=endpoint, config=config),
        endpoint or "AWS",
    )
    return XRayGateway(client, told)


def _translated(call: Callable[[], _Answer], endpoint: str) -> _Answer:
    try:
        return call()
    except botocore.exceptions.ClientError as error:
        raise _client_error(error) from error
    except botocore.exceptions.NoRegionError as error:
        raise GatewayError(Reason.INVALID, "no AWS region is set; expected AWS_REGION or --region") from error
    except (botocore.exceptions.NoCredentialsError, botocore.exceptions.PartialCredentialsError) as error:
        message = "no AWS credentials were found; expected a profile, a role, or AWS_ACCESS_KEY_ID and its secret"
        raise GatewayError(Reason.DENIED, message) from error
    except botocore.exceptions.ParamValidationError as error:
        raise GatewayError(Reason.INVALID, " ".join(str(error).split())) from error
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        raise GatewayError(Reason.UNREACHABLE, f"cannot reach X-Ray at {endpoint}: {type(error).__name__}") from error


def _client_error(error: botocore.exceptions.ClientError) -> GatewayError:
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    reason = _CODES.get(code)
    if reason is None:
        lower = message.lower()
        found = (by_message for part, by_message in _MESSAGES if part in lower)
        reason = next(found, Reason.UNREACHABLE if status >= 500 else Reason.INVALID)
    return GatewayError(reason, f"{code}: {message}")


def _rule(shape: Mapping[str, Any]) -> SamplingRule:
    return SamplingRule.from_api(_known(shape, ("RuleName", "Version", *UPDATABLE_RULE_FIELDS)))


def _group(shape: Mapping[str, Any]) -> Group:
    return Group.from_api(_known(shape, ("GroupName", *UPDATABLE_GROUP_FIELDS)), trusted=True)


def _known(shape: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Pass over what a newer AWS has: one such object must not hide all the others."""
    return {name: value for name, value in shape.items() if name in names}


def _read(build: Callable[[Mapping[str, Any]], _Answer], shape: Mapping[str, Any]) -> _Answer:
    try:
        return build(shape)
    except ModelError as error:
        raise GatewayError(Reason.INVALID, f"AWS holds what this version cannot read: {error}") from error


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
