import pytest

from tests.xray_local.samples import rule
from xray_local.api.operations import (
    OPERATIONS,
    create_group,
    create_sampling_rule,
    list_tags_for_resource,
    tag_resource,
    untag_resource,
)
from xray_local.errors import ApiError
from xray_local.state.region import Region

PREFIX = "arn:aws:xray:us-east-1:000000000000:"


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def resource(region: Region, kind: str, **values: str) -> str:
    """Create a rule or a group and return its ARN."""
    if kind == "group":
        return str(create_group(region, {"GroupName": "one", "Tags": tags(**values)})["Group"]["GroupARN"])
    record = create_sampling_rule(region, {"SamplingRule": rule("one"), "Tags": tags(**values)})["SamplingRuleRecord"]
    return str(record["SamplingRule"]["RuleARN"])


def listed(region: Region, arn: str) -> list[dict[str, str]]:
    answer: list[dict[str, str]] = list_tags_for_resource(region, {"ResourceARN": arn})["Tags"]
    return answer


def refusal(region: Region, operation: str, **request: object) -> tuple[str, int]:
    with pytest.raises(ApiError) as caught:
        OPERATIONS[operation](region, request)
    return caught.value.code, caught.value.status


@pytest.mark.parametrize("kind", ["rule", "group"])
def test_tags_are_created_changed_and_removed(region: Region, kind: str) -> None:
    """They are listed by key; removing an unknown key is ignored."""
    arn = resource(region, kind, b="1", a="2")
    assert listed(region, arn) == tags(a="2", b="1")
    tag_resource(region, {"ResourceARN": arn, "Tags": tags(b="3", c="")})
    assert listed(region, arn) == tags(a="2", b="3", c="")
    untag_resource(region, {"ResourceARN": arn, "TagKeys": ["a", "never"]})
    assert listed(region, arn) == tags(b="3", c="")


@pytest.mark.parametrize("name", ["sampling-rule/Default", "group/Default/DEFAULT"])
def test_the_default_rule_and_group_have_tags(region: Region, name: str) -> None:
    """None before the first change."""
    assert listed(region, PREFIX + name) == []
    tag_resource(region, {"ResourceARN": PREFIX + name, "Tags": tags(owner="me")})
    assert listed(region, PREFIX + name) == tags(owner="me")


@pytest.mark.parametrize("operation", ["ListTagsForResource", "TagResource", "UntagResource"])
@pytest.mark.parametrize("name", ["sampling-rule/none", "group/none/ABC", "group/one/ABC", "trace/one", "nonsense"])
def test_an_unknown_resource_is_not_found(region: Region, operation: str, name: str) -> None:
    """Only the tag operations raise ResourceNotFoundException."""
    resource(region, "group")
    found = refusal(region, operation, ResourceARN=PREFIX + name, Tags=[], TagKeys=[])
    assert found == ("ResourceNotFoundException", 404)


def test_the_51st_tag_is_too_many(region: Region) -> None:
    """A new value of an existing key is not a new tag."""
    arn = resource(region, "rule", **{f"key-{number}": "" for number in range(50)})
    tag_resource(region, {"ResourceARN": arn, "Tags": [{"Key": "key-7", "Value": "new"}]})
    assert refusal(region, "TagResource", ResourceARN=arn, Tags=tags(more="")) == ("TooManyTagsException", 400)
    assert len(listed(region, arn)) == 50


@pytest.mark.parametrize("wrong", [[{"Key": "AWS:own", "Value": ""}], [{"Key": "a", "Value": "1"}] * 2])
def test_reserved_and_repeated_keys_are_refused(region: Region, wrong: list[dict[str, str]]) -> None:
    """The resource is not created."""
    assert refusal(region, "CreateGroup", GroupName="one", Tags=wrong) == ("InvalidRequestException", 400)
    assert refusal(region, "GetGroup", GroupName="one") == ("InvalidRequestException", 400)
