"""The CustomResourceDefinitions, built from the table of kinds."""

from typing import Any

import yaml

from xray_operator.manifests.kinds import KindInfo
from xray_operator.manifests.manifest import API_GROUP, API_VERSION, NAME_MAX
from xray_operator.manifests.spec_fields import CelRule, Field, length_rule

VERSION = API_VERSION.rpartition("/")[2]
CATEGORY = "xray"
_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}


_OWNER_RULE = CelRule(
    f"size(self.metadata.name) <= {NAME_MAX}",
    f"metadata.name has more than {NAME_MAX} characters: the owner tag in AWS would be too long",
)
STATUS = {
    "observedGeneration": ("integer", "the generation of the spec that this status describes"),
    "operator": ("string", "the operator that wrote this status: its cluster id and region"),
    "name": ("string", "the name in AWS"),
    "arn": ("string", "the object's ARN in AWS"),
    "conditions": ("list", "Ready, Synced and Drifted; Reconciling or Stalled while Ready is False"),
    "before": ("string", "the value in AWS before it was taken over, as JSON; restored at the end"),
    "drift": ("list", "the fields that differ in AWS, with JSON values"),
    "lint": ("list", "warnings about a valid rule that may not work as expected"),
    "quota": ("string", "used/limit of custom objects of this kind in the region"),
    "statistics": ("object", "the SDKs' reports in AWS's latest windows, updated at most every ten minutes"),
    "lastHandledReconcileAt": ("string", "the last handled token of the annotation xray.cruddur.io/reconcile-at"),
}


def manifest(info: KindInfo) -> dict[str, Any]:
    """Return the CustomResourceDefinition of a kind."""
    names = {
        "kind": info.name,
        "listKind": f"{info.name}List",
        "plural": info.plural,
        "singular": info.name.lower(),
        "shortNames": [info.short_name],
        "categories": [CATEGORY],
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": _columns(info),
        "schema": {"openAPIV3Schema": _root(info)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{info.plural}.{API_GROUP}"},
        "spec": {"group": API_GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _columns(info: KindInfo) -> list[dict[str, Any]]:
    def condition(name: str, member: str) -> str:
        return f'.status.conditions[?(@.type=="{name}")].{member}'

    columns: list[dict[str, Any]] = [
        {"name": name, "type": form, "jsonPath": path} for name, form, path in info.columns
    ]
    columns += [
        {"name": name, "type": "string", "jsonPath": condition(name, "status")} for name in ("Ready", "Drifted")
    ]
    wide = (("Synced", condition("Synced", "reason")), ("Used", ".status.quota"))
    columns += [{"name": name, "type": "string", "jsonPath": path, "priority": 1} for name, path in wide]
    return [*columns, {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]


def _root(info: KindInfo) -> dict[str, Any]:
    return {
        "type": "object",
        "description": info.text,
        "required": ["spec"],
        "properties": {
            "apiVersion": _TEXT,
            "kind": _TEXT,
            "metadata": {"type": "object"},
            "spec": _spec(info),
            "status": _status(),
        },
        "x-kubernetes-validations": [
            length_rule(info.name_field.name, info.name_max).to_schema(),
            _OWNER_RULE.to_schema(),
        ],
    }


def _spec(info: KindInfo) -> dict[str, Any]:
    def described(field: Field) -> dict[str, Any]:
        aws = f" (AWS: {field.api})" if field.api else ""
        return {**field.schema, "description": f"{field.text[0].upper()}{field.text[1:]}{aws}."}

    return {
        "type": "object",
        "properties": {field.name: described(field) for field in info.fields},
        "x-kubernetes-validations": [rule.to_schema() for rule in info.cel_rules],
    }


def _status() -> dict[str, Any]:
    shapes: dict[str, dict[str, Any]] = {
        "integer": {"type": "integer", "format": "int64"},
        "string": _TEXT,
    }
    special = {
        "conditions": _conditions(),
        "drift": _list(field=_TEXT, desired=_TEXT, actual=_TEXT),
        "lint": {"type": "array", "items": _TEXT},
        "statistics": _object(requests=_integer(), sampled=_integer(), borrowed=_integer(), time=_TIME),
    }
    properties = {
        name: {**(special.get(name) or shapes[form]), "description": f"{text[0].upper()}{text[1:]}."}
        for name, (form, text) in STATUS.items()
    }
    # An object that the operator has not seen yet is in progress for kstatus, not current.
    return {"type": "object", "default": {"observedGeneration": -1}, "properties": properties}


def _integer() -> dict[str, Any]:
    return {"type": "integer", "format": "int64"}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _list(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(**properties)}


def _conditions() -> dict[str, Any]:
    item = _object(
        type=_TEXT,
        status={"type": "string", "enum": ["True", "False", "Unknown"]},
        reason=_TEXT,
        message=_TEXT,
        observedGeneration=_integer(),
        lastTransitionTime=_TIME,
    )
    item["required"] = ["type", "status", "reason", "lastTransitionTime"]
    return {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


class _Plain(yaml.SafeDumper):
    """Repeats shared parts instead of writing aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (the base class's signature)
        return True


def render(info: KindInfo) -> str:
    """Return the manifest as YAML, with a header."""
    body = yaml.dump(manifest(info), Dumper=_Plain, sort_keys=False, width=1000, allow_unicode=True)
    return f"# Generated from the operator's model by `make generate`; do not edit.\n{body}"
