"""Objects in AWS as manifests: `xray-operator import`. Fields at their default are left out.

An object with this cluster's owner tag keeps its name, namespace and deletion policy; one without an owner gets a name
derived from its own. A note names each object with a new name, with a name that Kubernetes rejects, or with another
cluster's owner tag.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from xray_model import DEFAULT_RULE_FIELDS, SamplingRule
from xray_operator.aws.objects import DELETION_TAG, AwsObject, Observed, Value, kind_of, name_of
from xray_operator.manifests.kinds import KINDS, KindInfo
from xray_operator.manifests.manifest import API_VERSION
from xray_operator.manifests.policies import AdoptionPolicy, DeletionPolicy
from xray_operator.manifests.spec_fields import Field

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_KUBERNETES_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
# Scalars that kubectl (Go, YAML 1.1 with additions) may read as a number, a date, a boolean or null.
_AMBIGUOUS = re.compile(r"[-+.~<=0-9].*|y|n|yes|no|on|off|true|false|null", re.IGNORECASE | re.DOTALL)


class _Dumper(yaml.SafeDumper):
    """Quotes strings so that PyYAML and kubectl read them alike."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if _AMBIGUOUS.fullmatch(text) else None
    if not text.isprintable():  # only double quotes escape the characters that some parsers read as a line break
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


@dataclass(frozen=True, slots=True)
class Export:
    """Manifests, and notes of one line each about objects that were left out or renamed."""

    manifests: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def to_yaml(self) -> str:
        """Return one YAML stream, with the notes as comments at its head."""
        head = "".join(f"# {line}\n" for line in self.notes)
        documents = [
            yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
            for manifest in self.manifests
        ]
        return head + "---\n".join(documents)

    def to_list(self) -> dict[str, Any]:
        """Return one `List` object with all manifests."""
        return {"apiVersion": "v1", "kind": "List", "items": list(self.manifests)}


def export(
    objects: Sequence[AwsObject], observed: Observed, *, cluster_id: str, namespace: str | None, adopt: bool
) -> Export:
    """Return a manifest for each object; `adopt` adds the policy that takes over those without an owner."""
    manifests: list[dict[str, Any]] = []
    notes: list[str] = []
    taken: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for found in sorted(objects, key=lambda found: (found.kind, observed.owner(found) is None, found.name)):
        cluster, _, rest = (observed.owner(found) or "").partition("/")
        if cluster and cluster != cluster_id:
            notes.append(f"{found.kind} {found.name!r} is owned by {_one_line(f'{cluster}/{rest}')}")
            continue
        info, spec = KINDS[found.kind], spec_of(found.value)
        if cluster:
            where, _, name = rest.partition("/")
            if observed.tags[found.arn].get(DELETION_TAG) == DeletionPolicy.ORPHAN:
                spec["deletionPolicy"] = DeletionPolicy.ORPHAN.value
            notes += _invalid_name(found, where, name)
        else:
            where, name = namespace or "", _new_name(found.name, info, taken[found.kind])
            if adopt and not found.is_default:
                spec["adoptionPolicy"] = AdoptionPolicy.IF_UNOWNED.value
            if name != found.name and not found.is_default:
                notes.append(f"{found.kind} {found.name!r} is named {name}: Kubernetes rejects its own name")
        taken[found.kind].add(name)
        metadata = {"name": name, **({"namespace": where} if where else {})}
        if name == found.name:
            spec.pop(info.name_field.name)
        manifests.append({"apiVersion": API_VERSION, "kind": info.name, "metadata": metadata, "spec": spec})
    return Export(tuple(manifests), tuple(notes))


def _invalid_name(found: AwsObject, namespace: str, name: str) -> list[str]:
    """Note a name in the owner tag, written by the command line, that Kubernetes will reject."""
    if _KUBERNETES_NAME.fullmatch(name) and _KUBERNETES_NAME.fullmatch(namespace):
        return []
    return [f"{found.kind} {found.name!r}: its owner tag {_one_line(f'{namespace}/{name}')} is not a Kubernetes name"]


def _one_line(text: str) -> str:
    """Escape characters that would end a comment, or hide in it."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _new_name(name: str, info: KindInfo, taken: set[str]) -> str:
    """Return an unused name that Kubernetes accepts (RFC 1123)."""
    base = _NOT_IN_A_NAME.sub("-", name.lower()).strip("-") or info.name.lower()
    candidate, number = base, 1
    while candidate in taken:
        number += 1
        candidate = f"{base[: info.name_max - 4]}-{number}"
    return candidate


def spec_of(value: Value) -> dict[str, Any]:
    """Return the spec of a value in AWS, with its name and without the fields at their default."""
    shape, info = value.to_api(), KINDS[kind_of(value)]
    if isinstance(value, SamplingRule) and value.is_default:
        shape = {name: field for name, field in shape.items() if name in {"RuleName", *DEFAULT_RULE_FIELDS}}
    spec: dict[str, Any] = {}
    for field in info.aws_fields:
        content = _content(field, shape.get(field.api))
        if content not in (None, {}, "", field.default):
            spec[field.name] = content
    return {info.name_field.name: name_of(value), **spec}


def _content(field: Field, value: Any) -> Any:
    """Return a field's value with the spec's inner names, without those at their default."""
    if not field.inner or not isinstance(value, Mapping):
        return value
    defaults = {name: schema.get("default") for name, schema in field.schema["properties"].items()}
    inner = {name: value[api] for api, name in field.inner.items() if api in value}
    return {name: content for name, content in inner.items() if content != defaults[name]}
