"""The CustomResourceDefinitions, built from `fields`; `python -m xray_operator.crd FOLDER` writes them.

With `--check` it compares instead: `make check` runs that, so a CRD cannot drift from the model.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from xray_model import limits
from xray_operator import fields
from xray_operator.fields import CelRule, Field

GROUP_NAME = "xray.cruddur.io"
VERSION = "v1alpha1"
CATEGORY = "xray"
_TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """A kind as Kubernetes knows it, with its spec's fields and rules."""

    kind: str
    plural: str
    short: str
    name_field: str
    longest_name: int
    text: str
    fields: tuple[Field, ...]
    cel: tuple[CelRule, ...]
    columns: tuple[tuple[str, str, str], ...]


RULES = ResourceKind(
    kind="XRaySamplingRule",
    plural="xraysamplingrules",
    short="xsr",
    name_field="ruleName",
    longest_name=limits.RULE_NAME_MAX,
    text="A sampling rule of AWS X-Ray: which share of which requests is traced.",
    fields=(*fields.RULE, *fields.POLICIES),
    cel=fields.RULE_CEL,
    columns=(
        ("Rule", "string", ".status.name"),
        ("Priority", "integer", ".spec.priority"),
        ("Rate", "number", ".spec.fixedRate"),
        ("Reservoir", "integer", ".spec.reservoirSize"),
    ),
)
GROUPS = ResourceKind(
    kind="XRayGroup",
    plural="xraygroups",
    short="xg",
    name_field="groupName",
    longest_name=limits.GROUP_NAME_MAX,
    text="A group of AWS X-Ray: the traces that a filter expression selects.",
    fields=(*fields.GROUP, *fields.POLICIES, fields.UPDATE_STRATEGY),
    cel=fields.GROUP_CEL,
    columns=(("Group", "string", ".status.name"), ("Expression", "string", ".spec.filterExpression")),
)
KINDS = (RULES, GROUPS)

STATUS = {
    "observedGeneration": ("integer", "the generation of the spec that this status is about"),
    "name": ("string", "the name in AWS"),
    "arn": ("string", "the object's ARN in AWS"),
    "conditions": ("list", "Ready, Synced and Drifted"),
    "drift": ("list", "the fields in which AWS differs, with JSON values"),
    "lint": ("list", "what is legal and will surprise"),
    "quota": ("string", "custom objects of this kind in the region: used/limit"),
    "statistics": ("object", "what the SDKs reported of this rule in AWS's latest windows"),
    "lastHandledReconcileAt": ("string", "the token of the annotation xray.cruddur.io/reconcile-at handled last"),
}


def manifest(kind: ResourceKind) -> dict[str, Any]:
    """Build the CustomResourceDefinition of a kind."""
    names = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "shortNames": [kind.short],
        "categories": [CATEGORY],
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": _columns(kind),
        "schema": {"openAPIV3Schema": _root(kind)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP_NAME}"},
        "spec": {"group": GROUP_NAME, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _columns(kind: ResourceKind) -> list[dict[str, Any]]:
    def condition(name: str, member: str) -> str:
        return f'.status.conditions[?(@.type=="{name}")].{member}'

    columns: list[dict[str, Any]] = [
        {"name": name, "type": form, "jsonPath": path} for name, form, path in kind.columns
    ]
    columns += [
        {"name": name, "type": "string", "jsonPath": condition(name, "status")} for name in ("Ready", "Drifted")
    ]
    wide = (("Synced", condition("Synced", "reason")), ("Used", ".status.quota"))
    columns += [{"name": name, "type": "string", "jsonPath": path, "priority": 1} for name, path in wide]
    return [*columns, {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]


def _root(kind: ResourceKind) -> dict[str, Any]:
    return {
        "type": "object",
        "description": kind.text,
        "required": ["spec"],
        "properties": {
            "apiVersion": _TEXT,
            "kind": _TEXT,
            "metadata": {"type": "object"},
            "spec": _spec(kind),
            "status": _status(),
        },
        "x-kubernetes-validations": [fields.length_rule(kind.name_field, kind.longest_name).to_schema()],
    }


def _spec(kind: ResourceKind) -> dict[str, Any]:
    def described(field: Field) -> dict[str, Any]:
        aws = f" (AWS: {field.api})" if field.api else ""
        return {**field.schema, "description": f"{field.text[0].upper()}{field.text[1:]}{aws}."}

    return {
        "type": "object",
        "properties": {field.name: described(field) for field in kind.fields},
        "x-kubernetes-validations": [rule.to_schema() for rule in kind.cel],
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
        "statistics": _object(requests=_integer(), sampled=_integer(), borrowed=_integer()),
    }
    properties = {
        name: {**(special.get(name) or shapes[form]), "description": f"{text[0].upper()}{text[1:]}."}
        for name, (form, text) in STATUS.items()
    }
    return {"type": "object", "properties": properties}


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
        lastTransitionTime={"type": "string", "format": "date-time"},
    )
    item["required"] = ["type", "status", "reason", "lastTransitionTime"]
    return {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


class _Plain(yaml.SafeDumper):
    """Writes shared parts out instead of as aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (the base class's signature)
        return True


def render(kind: ResourceKind) -> str:
    """Give the manifest as YAML, with a line that says where it comes from."""
    body = yaml.dump(manifest(kind), Dumper=_Plain, sort_keys=False, width=1000, allow_unicode=True)
    return f"# Generated from the operator's model by `make generate`; do not edit.\n{body}"


def main(arguments: Sequence[str]) -> int:
    """Write the manifests into a folder, or with --check tell whether they are as they should be."""
    check = "--check" in arguments
    [folder] = [Path(one) for one in arguments if one != "--check"]
    wrong = []
    for kind in KINDS:
        file, text = folder / f"{kind.plural}.yaml", render(kind)
        if not check:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            wrong.append(file)
    for file in wrong:
        sys.stderr.write(f"{file} is not what the model gives; run make generate\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
