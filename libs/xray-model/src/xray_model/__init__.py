"""AWS X-Ray's rules, groups, filter language and trace ids as pure values."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from xray_model import limits
from xray_model.errors import ModelError
from xray_model.matcher import Matcher
from xray_model.matching import RequestProperties, Verdict, explain, matches_pattern, winner
from xray_model.sampling_rule import (
    DEFAULT_RULE_FIELDS,
    DEFAULT_RULE_NAME,
    INVALID_DEFAULT_UPDATE,
    UPDATABLE_RULE_FIELDS,
    SamplingRateBoost,
    SamplingRule,
    default_rule,
    sdk_ignores,
)

if TYPE_CHECKING:
    from xray_model.fields.differences import Difference
    from xray_model.filter_expression import FilterError
    from xray_model.group import DEFAULT_GROUP_NAME, UPDATABLE_GROUP_FIELDS, Group, InsightsConfiguration
    from xray_model.trace_id import TraceHeader, parse_header, to_w3c, to_xray

__all__ = [
    "DEFAULT_GROUP_NAME",
    "DEFAULT_RULE_FIELDS",
    "DEFAULT_RULE_NAME",
    "INVALID_DEFAULT_UPDATE",
    "UPDATABLE_GROUP_FIELDS",
    "UPDATABLE_RULE_FIELDS",
    "Difference",
    "FilterError",
    "Group",
    "InsightsConfiguration",
    "Matcher",
    "ModelError",
    "RequestProperties",
    "SamplingRateBoost",
    "SamplingRule",
    "TraceHeader",
    "Verdict",
    "default_rule",
    "explain",
    "limits",
    "matches_pattern",
    "parse_header",
    "sdk_ignores",
    "to_w3c",
    "to_xray",
    "winner",
]

# A traced app needs the rules only: everything else is imported at its first use.
_LATER: Final = {
    "DEFAULT_GROUP_NAME": "xray_model.group",
    "Difference": "xray_model.fields.differences",
    "FilterError": "xray_model.filter_expression",
    "Group": "xray_model.group",
    "InsightsConfiguration": "xray_model.group",
    "TraceHeader": "xray_model.trace_id",
    "UPDATABLE_GROUP_FIELDS": "xray_model.group",
    "parse_header": "xray_model.trace_id",
    "to_w3c": "xray_model.trace_id",
    "to_xray": "xray_model.trace_id",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
