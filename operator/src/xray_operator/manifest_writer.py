"""What AWS holds, as manifests: `xray-operator import`. Pure; what stands at its default is left out.

An object that carries this cluster's owner tag gets the name, namespace and deletion policy that it had; one without an
owner gets a name made from its own. Each name that is not what it was, or that Kubernetes refuses, is told, and so is
what belongs to somebody else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from xray_model import DEFAULT_RULE_FIELDS, SamplingRule, limits
from xray_operator import fields
from xray_operator.fields import Field
from xray_operator.model import API_VERSION, GROUP_KIND, RULE_KIND, DeletionPolicy
from xray_operator.plan import Observed
from xray_operator.ports import DELETION_TAG, Held, Value, kind_of, name_of

_NAME_MAX = {RULE_KIND: limits.RULE_NAME_MAX, GROUP_KIND: limits.GROUP_NAME_MAX}
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_KUBERNETES_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
# What kubectl's YAML (Go, YAML 1.1 with additions) may read as a number, a date, a boolean or nothing at all.
_NO_PLAIN_TEXT = re.compile(r"[-+.~<=0-9].*|y|n|yes|no|on|off|true|false|null", re.IGNORECASE | re.DOTALL)


class _Dumper(yaml.SafeDumper):
    """Writes every text so that PyYAML and kubectl read the same text."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if _NO_PLAIN_TEXT.fullmatch(text) else None
    if not text.isprintable():  # only double quotes can write out what is a line's end to some readers
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


@dataclass(frozen=True, slots=True)
class Imported:
    """The manifests, and sentences, each of one line, about what was left out or is not named as before."""

    manifests: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def to_yaml(self) -> str:
        """Give one YAML stream, the sentences as comments at its head."""
        head = "".join(f"# {line}\n" for line in self.notes)
        documents = [
            yaml.dump(one, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000) for one in self.manifests
        ]
        return head + "---\n".join(documents)

    def to_list(self) -> dict[str, Any]:
        """Give one object with all manifests, as kubectl takes it."""
        return {"apiVersion": "v1", "kind": "List", "items": list(self.manifests)}


def manifests(
    held: Sequence[Held], observed: Observed, *, cluster_id: str, namespace: str | None, adopt: bool
) -> Imported:
    """Write a manifest for each object. `adopt` lets those without an owner be taken over when they are applied."""
    written: list[dict[str, Any]] = []
    notes: list[str] = []
    taken: dict[str, set[str]] = {RULE_KIND: set(), GROUP_KIND: set()}
    for one in sorted(held, key=lambda one: (one.kind, not _is_owned(observed, one), one.name)):
        cluster, _, rest = (observed.owner(one) or "").partition("/")
        if cluster and cluster != cluster_id:
            notes.append(f"{one.kind} {one.name!r} belongs to {_one_line(f'{cluster}/{rest}')}")
            continue
        kind = RULE_KIND if one.kind == "rule" else GROUP_KIND
        spec = _spec(one.value)
        if cluster:
            where, _, name = rest.partition("/")
            if observed.tags[one.arn].get(DELETION_TAG) == DeletionPolicy.ORPHAN:
                spec["deletionPolicy"] = DeletionPolicy.ORPHAN.value
            notes += _refused(one, where, name)
        else:
            where, name = namespace or "", _name(one.name, kind, taken[kind])
            if adopt and not one.value.is_default:
                spec["adoptionPolicy"] = "IfUnowned"
            if name != one.name and not one.value.is_default:
                notes.append(f"{one.kind} {one.name!r} has the name {name} in Kubernetes, which does not take its own")
        taken[kind].add(name)
        metadata = {"name": name, **({"namespace": where} if where else {})}
        if name == one.name:
            spec.pop(_name_field(kind))
        written.append({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec})
    return Imported(tuple(written), tuple(notes))


def _refused(held: Held, namespace: str, name: str) -> list[str]:
    """Tell of a name that the command line has given, as the owner tag tells, and that Kubernetes will refuse."""
    if _KUBERNETES_NAME.fullmatch(name) and _KUBERNETES_NAME.fullmatch(namespace):
        return []
    return [f"{held.kind} {held.name!r} is {_one_line(f'{namespace}/{name}')} by its tag, which Kubernetes refuses"]


def _one_line(text: str) -> str:
    """Write out what would end a comment, or hide in it."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _is_owned(observed: Observed, held: Held) -> bool:
    return observed.owner(held) is not None


def _name_field(kind: str) -> str:
    return "ruleName" if kind == RULE_KIND else "groupName"


def _name(name: str, kind: str, taken: set[str]) -> str:
    """Make a name that Kubernetes takes (RFC 1123) and that is free."""
    plain = _NOT_IN_A_NAME.sub("-", name.lower()).strip("-") or kind.lower()
    made, number = plain, 1
    while made in taken:
        number += 1
        made = f"{plain[: _NAME_MAX[kind] - 4]}-{number}"
    return made


def _spec(value: Value) -> dict[str, Any]:
    shape, known = value.to_api(), fields.RULE if kind_of(value) == "rule" else fields.GROUP
    if isinstance(value, SamplingRule) and value.is_default:
        shape = {name: one for name, one in shape.items() if name in {"RuleName", *DEFAULT_RULE_FIELDS}}
    spec: dict[str, Any] = {}
    for field in known:
        given = _given(field, shape.get(field.api))
        if given not in (None, {}, "", field.default):
            spec[field.name] = given
    return {known[0].name: name_of(value), **spec}


def _given(field: Field, value: Any) -> Any:
    """Give a field's value with our inner names, without those that are at their default."""
    if not field.inner or not isinstance(value, Mapping):
        return value
    defaults = {name: one.get("default") for name, one in field.schema["properties"].items()}
    inner = {ours: value[api] for api, ours in field.inner.items() if api in value}
    return {name: one for name, one in inner.items() if one != defaults[name]}
