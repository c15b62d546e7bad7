"""The one table of the two kinds: their names in Kubernetes and AWS, fields, rules, columns and quotas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from xray_model import Group, SamplingRule, limits
from xray_operator.aws.objects import Kind, Value
from xray_operator.manifests import spec_fields
from xray_operator.manifests.spec_fields import CelRule, Field


@dataclass(frozen=True, slots=True)
class KindInfo:
    """A kind; `name` is Kubernetes' and `columns` are kubectl's: title, type, JSON path."""

    kind: Kind
    name: str
    plural: str
    short_name: str
    text: str
    aws_fields: tuple[Field, ...]
    policy_fields: tuple[Field, ...]
    cel_rules: tuple[CelRule, ...]
    columns: tuple[tuple[str, str, str], ...]
    name_max: int
    quota: int
    from_api: Callable[[Mapping[str, Any]], Value]

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields of the spec."""
        return self.aws_fields + self.policy_fields

    @property
    def name_field(self) -> Field:
        """The field with the name in AWS."""
        return self.aws_fields[0]


RULE = KindInfo(
    kind="rule",
    name="XRaySamplingRule",
    plural="xraysamplingrules",
    short_name="xsr",
    text="A sampling rule of AWS X-Ray: the share of matching requests that is traced.",
    aws_fields=spec_fields.RULE,
    policy_fields=spec_fields.POLICIES,
    cel_rules=spec_fields.RULE_CEL,
    columns=(
        ("Rule", "string", ".status.name"),
        ("Priority", "integer", ".spec.priority"),
        ("Rate", "number", ".spec.fixedRate"),
        ("Reservoir", "integer", ".spec.reservoirSize"),
    ),
    name_max=limits.RULE_NAME_MAX,
    quota=limits.CUSTOM_RULES,
    from_api=SamplingRule.from_api,
)
GROUP = KindInfo(
    kind="group",
    name="XRayGroup",
    plural="xraygroups",
    short_name="xg",
    text="A group of AWS X-Ray: the traces that a filter expression selects.",
    aws_fields=spec_fields.GROUP,
    policy_fields=(*spec_fields.POLICIES, spec_fields.UPDATE_STRATEGY),
    cel_rules=spec_fields.GROUP_CEL,
    columns=(("Group", "string", ".status.name"), ("Expression", "string", ".spec.filterExpression")),
    name_max=limits.GROUP_NAME_MAX,
    quota=limits.GROUPS,
    from_api=Group.from_api,
)
KINDS: Mapping[Kind, KindInfo] = {"rule": RULE, "group": GROUP}
BY_NAME: Mapping[str, KindInfo] = {info.name: info for info in KINDS.values()}
QUOTAS: Mapping[Kind, int] = {kind: info.quota for kind, info in KINDS.items()}
FIELD_NAMES: Mapping[str, str] = {field.api: field.name for info in KINDS.values() for field in info.aws_fields}
