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
from xray_local.state.region import Service

PREFIX = "arn:aws:xray:us-east-1:000000000000:"


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def resource(service: Service, kind: str, **given: str) -> str:
    """Create a rule or a group and give its ARN."""
    if kind == "group":
        return str(create_group(service, {"GroupName": "one", "Tags": tags(**given)})["Group"]["GroupARN"])
    record = create_sampling_rule(service, {"SamplingRule": rule("one"), "Tags": tags(**given)})["SamplingRuleRecord"]
    return str(record["SamplingRule"]["RuleARN"])


def listed(service: Service, arn: str) -> list[dict[str, str]]:
    answer: list[dict[str, str]] = list_tags_for_resource(service, {"ResourceARN": arn})["Tags"]
    return answer


def refusal(service: Service, operation: str, **request: object) -> tuple[str, int]:
    with pytest.raises(ApiError) as caught:
        OPERATIONS[operation](service, request)
    return caught.value.code, caught.value.status


@pytest.mark.parametrize("kind", ["rule", "group"])
def test_tags_are_given_at_creation_changed_and_removed(service: Service, kind: str) -> None:
    """They are listed by key; an unknown key to remove is no error."""
    arn = resource(service, kind, b="1", a="2")
    assert listed(service, arn) == tags(a="2", b="1")
    tag_resource(service, {"ResourceARN": arn, "Tags": tags(b="3", c="")})
    assert listed(service, arn) == tags(a="2", b="3", c="")
    untag_resource(service, {"ResourceARN": arn, "TagKeys": ["a", "never"]})
    assert listed(service, arn) == tags(b="3", c="")


@pytest.mark.parametrize("name", ["sampling-rule/Default", "group/Default/DEFAULT"])
def test_the_default_rule_and_group_take_tags(service: Service, name: str) -> None:
    """They are there before anybody changed them, without tags."""
    assert listed(service, PREFIX + name) == []
    tag_resource(service, {"ResourceARN": PREFIX + name, "Tags": tags(owner="me")})
    assert listed(service, PREFIX + name) == tags(owner="me")


@pytest.mark.parametrize("operation", ["ListTagsForResource", "TagResource", "UntagResource"])
@pytest.mark.parametrize("name", ["sampling-rule/none", "group/none/ABC", "group/one/ABC", "trace/one", "nonsense"])
def test_a_resource_that_is_not_there_is_not_found(service: Service, operation: str, name: str) -> None:
    """The tag operations are the only ones with an error code of its own for this."""
    resource(service, "group")
    found = refusal(service, operation, ResourceARN=PREFIX + name, Tags=[], TagKeys=[])
    assert found == ("ResourceNotFoundException", 404)


def test_the_51st_tag_is_too_many(service: Service) -> None:
    """Counted after the merge: a new value for an old key is no new tag."""
    arn = resource(service, "rule", **{f"key-{number}": "" for number in range(50)})
    tag_resource(service, {"ResourceARN": arn, "Tags": [{"Key": "key-7", "Value": "new"}]})
    assert refusal(service, "TagResource", ResourceARN=arn, Tags=tags(more="")) == ("TooManyTagsException", 400)
    assert len(listed(service, arn)) == 50


@pytest.mark.parametrize("wrong", [[{"Key": "AWS:own", "Value": ""}], [{"Key": "a", "Value": "1"}] * 2])
def test_reserved_and_repeated_keys_are_refused(service: Service, wrong: list[dict[str, str]]) -> None:
    """Nothing is created with tags that cannot be."""
    assert refusal(service, "CreateGroup", GroupName="one", Tags=wrong) == ("InvalidRequestException", 400)
    assert refusal(service, "GetGroup", GroupName="one") == ("InvalidRequestException", 400)
