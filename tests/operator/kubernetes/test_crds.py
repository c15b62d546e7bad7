"""The CRDs: the schema has every limit of AWS, and CEL rules have the rest with their messages."""

from pathlib import Path
from typing import Any

import pytest

from tools.operator_crds import main
from xray_operator.kubernetes import crds
from xray_operator.kubernetes.crds import manifest, render
from xray_operator.manifests.kinds import GROUP, KINDS, RULE, KindInfo

CHART = Path(__file__).parents[3] / "charts/cruddur/crds"
STAR = {"type": "string", "default": "*"}


def version(kind: KindInfo) -> dict[str, Any]:
    """Return the only version of a kind."""
    [found] = manifest(kind)["spec"]["versions"]
    assert isinstance(found, dict)
    return found


def spec(kind: KindInfo) -> dict[str, Any]:
    """Return the spec's schema."""
    found: dict[str, Any] = version(kind)["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def fields(kind: KindInfo) -> dict[str, dict[str, Any]]:
    """Return each spec field's schema without its description and its CEL rules."""
    hidden = {"description", "x-kubernetes-validations"}
    return {
        name: {key: value for key, value in schema.items() if key not in hidden}
        for name, schema in spec(kind)["properties"].items()
    }


def messages(schema: dict[str, Any]) -> list[str]:
    """Return the messages of a schema's CEL rules."""
    return [rule["message"] for rule in schema.get("x-kubernetes-validations", [])]


POLICIES = {
    "class": {"type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"},
    "deletionPolicy": {"type": "string", "enum": ["Delete", "Orphan"], "default": "Delete"},
    "adoptionPolicy": {"type": "string", "enum": ["Never", "IfUnowned", "Force"], "default": "Never"},
    "managementPolicy": {"type": "string", "enum": ["Manage", "Observe"], "default": "Manage"},
    "suspend": {"type": "boolean", "default": False},
    "expiresAt": {"type": "string", "format": "date-time"},
}


def test_fields_of_a_rule_have_awss_limits() -> None:
    """Each is repeated here on purpose."""
    whole = {"type": "integer", "format": "int32"}
    assert fields(RULE) == {
        "ruleName": {"type": "string", "minLength": 1, "maxLength": 32},
        "priority": {**whole, "minimum": 1, "maximum": 9999},
        "fixedRate": {"type": "number", "minimum": 0, "maximum": 1},
        "reservoirSize": {**whole, "minimum": 0},
        "serviceName": {**STAR, "maxLength": 64},
        "serviceType": {**STAR, "maxLength": 64},
        "host": {**STAR, "maxLength": 64},
        "httpMethod": {**STAR, "maxLength": 10},
        "urlPath": {**STAR, "maxLength": 128},
        "resourceARN": {**STAR, "maxLength": 500},
        "attributes": {
            "type": "object",
            "maxProperties": 5,
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 32},
        },
        "samplingRateBoost": {
            "type": "object",
            "required": ["maxRate", "cooldownWindowMinutes"],
            "properties": {
                "maxRate": {"type": "number", "minimum": 0, "maximum": 1},
                "cooldownWindowMinutes": {**whole, "minimum": 0},
            },
        },
        "version": {**whole, "minimum": 1, "default": 1},
        **POLICIES,
    }


def test_fields_of_a_group_have_awss_limits() -> None:
    """The strategy for its expression is ours."""
    flag = {"type": "boolean", "default": False}
    assert fields(GROUP) == {
        "groupName": {"type": "string", "minLength": 1, "maxLength": 32},
        "filterExpression": {"type": "string", "maxLength": 2048},
        "insightsConfiguration": {
            "type": "object",
            "properties": {"insightsEnabled": flag, "notificationsEnabled": flag},
        },
        **POLICIES,
        "updateStrategy": {"type": "string", "enum": ["InPlace", "Recreate"], "default": "InPlace"},
    }


def test_cel_rules_of_a_rule() -> None:
    """Immutable names, fields that only the Default rule may omit, and those that it may not have."""
    assert messages(spec(RULE)) == [
        "ruleName cannot be added or removed later",
        "class cannot be added or removed later",
        "priority is required (only the Default rule may omit it)",
        "fixedRate is required (only the Default rule may omit it)",
        "reservoirSize is required (only the Default rule may omit it)",
        "the Default rule has only fixedRate and reservoirSize: no priority, no patterns",
    ]
    properties = spec(RULE)["properties"]
    assert {name: messages(schema) for name, schema in properties.items() if messages(schema)} == {
        "ruleName": ["ruleName cannot change: AWS cannot rename a rule"],
        "attributes": ["attributes: a key has 1 to 32 characters"],
        "version": ["version cannot change"],
        "class": ["class cannot change"],
    }


def test_cel_rules_of_a_group() -> None:
    """The Default group has no expression; notifications need insights."""
    assert messages(spec(GROUP)) == [
        "groupName cannot be added or removed later",
        "class cannot be added or removed later",
        "the Default group has no filterExpression",
    ]
    properties = spec(GROUP)["properties"]
    assert {name: messages(schema) for name, schema in properties.items() if messages(schema)} == {
        "groupName": ["groupName cannot change: AWS cannot rename a group"],
        "class": ["class cannot change"],
        "insightsConfiguration": ["insightsConfiguration.notificationsEnabled needs insightsEnabled: true"],
    }


@pytest.mark.parametrize(("kind", "name"), [(RULE, "ruleName"), (GROUP, "groupName")])
def test_long_metadata_name_requires_a_name_for_aws(kind: KindInfo, name: str) -> None:
    """metadata.name may have 253 characters, and is the default."""
    assert version(kind)["schema"]["openAPIV3Schema"]["x-kubernetes-validations"] == [
        {
            "rule": f"has(self.spec.{name}) || size(self.metadata.name) <= 32",
            "message": f"metadata.name has more than 32 characters, AWS's limit: set spec.{name}",
        },
        {
            "rule": "size(self.metadata.name) <= 127",
            "message": "metadata.name has more than 127 characters: the owner tag in AWS would be too long",
        },
    ]


@pytest.mark.parametrize("kind", KINDS.values())
def test_status_is_a_subresource_with_every_documented_field(kind: KindInfo) -> None:
    """Conditions are a map by their type."""
    assert version(kind)["subresources"] == {"status": {}}
    status = version(kind)["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    assert list(status) == list(crds.STATUS)
    assert status["conditions"]["x-kubernetes-list-map-keys"] == ["type"]


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_field_has_a_description(kind: KindInfo) -> None:
    """It is a sentence, with AWS's name if there is one."""
    texts = {name: schema["description"] for name, schema in spec(kind)["properties"].items()}
    assert all(text[0].isupper() and text.endswith(".") for text in texts.values())
    assert texts["suspend"] == "True: nothing is written until this is false again."
    if kind is RULE:
        assert texts["host"] == "The request's Host header (AWS: Host)."


def test_printer_columns() -> None:
    """`-o wide` adds the reason of Synced and the quota."""
    columns = version(RULE)["additionalPrinterColumns"]
    assert [column["name"] for column in columns if not column.get("priority")] == [
        "Rule",
        "Priority",
        "Rate",
        "Reservoir",
        "Ready",
        "Drifted",
        "Age",
    ]
    assert [column["name"] for column in columns if column.get("priority")] == ["Synced", "Used"]
    assert [column["name"] for column in version(GROUP)["additionalPrinterColumns"]][:2] == ["Group", "Expression"]


def test_kinds_have_their_documented_names() -> None:
    """Plural, short names, and the common category."""
    names = [manifest(info)["spec"]["names"] for info in KINDS.values()]
    assert [(found["plural"], found["shortNames"], found["categories"]) for found in names] == [
        ("xraysamplingrules", ["xsr"], ["xray"]),
        ("xraygroups", ["xg"], ["xray"]),
    ]


def test_chart_files_match_the_model() -> None:
    """`make check` runs the same comparison."""
    assert main(["--check", str(CHART)]) == 0


def test_files_are_written_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing or edited file is named."""
    assert main(["--check", str(tmp_path)]) == 1
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    capsys.readouterr()
    (tmp_path / "xraygroups.yaml").write_text(render(GROUP) + "\n")
    assert main(["--check", str(tmp_path)]) == 1
    message = f"{tmp_path / 'xraygroups.yaml'} is out of date; run make generate\n"
    assert capsys.readouterr().err == message


def test_yaml_has_no_aliases_and_names_its_origin() -> None:
    """kubectl accepts aliases, but they are hard to read."""
    text = render(RULE)
    assert text.startswith("# Generated from the operator's model by `make generate`; do not edit.\napiVersion: ")
    assert "&id" not in text
