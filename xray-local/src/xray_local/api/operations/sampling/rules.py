"""The sampling rules: create, read, update, delete, with AWS's messages and its Default rule."""

from typing import Any

from xray_local.api.operations import tags
from xray_local.api.operations.defaults import RULE, all_stored, stored
from xray_local.errors import ApiError, invalid
from xray_local.state.region import Region
from xray_model import DEFAULT_RULE_NAME, INVALID_DEFAULT_UPDATE, ModelError, SamplingRule, limits

EXISTS = "Sampling rule already exists"
MISSING = "Sampling rule does not exist"
_PATH = "sampling-rule/"


def all_rules(region: Region) -> list[SamplingRule]:
    """Return every rule, the Default rule included."""
    return [SamplingRule.from_api(body["rule"]) for _, body in _bodies(region)]


def modified_at(region: Region) -> float:
    """Return when a rule was last created, changed or deleted, in epoch seconds."""
    state = region.store.resource("state", "rules")
    return float(state["modified"]) if state else 0.0


def get_sampling_rules(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return all rules in one page: the SDKs read no second one."""
    return {"SamplingRuleRecords": [_record(region, name, body) for name, body in _bodies(region)]}


def create_sampling_rule(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Create a rule; the quota is 25 besides Default."""
    shape = request["SamplingRule"]
    if shape.get("RuleARN"):
        raise invalid(f"RuleARN: {shape['RuleARN']!r}: expected none for a new sampling rule")
    if shape.get("RuleName") == DEFAULT_RULE_NAME:
        raise invalid(EXISTS)
    rule = _valid(shape)
    if region.store.resource(RULE, rule.rule_name):
        raise invalid(EXISTS)
    if sum(name != DEFAULT_RULE_NAME for name, _ in _bodies(region)) >= limits.CUSTOM_RULES:
        message = f"Sampling rule limit exceeded: expected at most {limits.CUSTOM_RULES}"
        raise ApiError("RuleLimitExceededException", message)
    if rule.version != 1:
        raise invalid(f"Version: {rule.version}: expected 1")
    now = region.clock()
    body = {"rule": rule.to_api(), "created": now, "modified": now, "tags": tags.requested(request)}
    return {"SamplingRuleRecord": _save(region, rule.rule_name, body)}


def update_sampling_rule(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Change the members that the update names; of Default only FixedRate and ReservoirSize."""
    update = request["SamplingRuleUpdate"]
    name = _name(region, update)
    body = stored(region, RULE, name)
    if body is None:
        raise invalid(MISSING)
    rule = SamplingRule.from_api(body["rule"])
    try:
        changed = rule.updated(update)
    except ModelError as error:
        raise invalid(INVALID_DEFAULT_UPDATE if rule.is_default else str(error)) from error
    body |= {"rule": changed.to_api(), "modified": region.clock()}
    return {"SamplingRuleRecord": _save(region, name, body)}


def delete_sampling_rule(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a rule; Default cannot be deleted."""
    name = _name(region, request)
    body = stored(region, RULE, name)
    if body is None:
        raise invalid(MISSING)
    if name == DEFAULT_RULE_NAME:
        raise invalid("Default sampling rule cannot be deleted")
    record = _record(region, name, body)
    region.store.delete_resource(RULE, name)
    region.reservoirs.forget(name)
    region.boosts.forget(name)
    region.store.put_resource("state", "rules", {"modified": region.clock()})
    return {"SamplingRuleRecord": record}


def _valid(shape: dict[str, Any]) -> SamplingRule:
    try:
        return SamplingRule.from_api(shape)
    except ModelError as error:
        raise invalid(str(error)) from error


def _bodies(region: Region) -> list[tuple[str, dict[str, Any]]]:
    return sorted(all_stored(region, RULE).items(), key=lambda item: (item[1]["rule"]["Priority"], item[0]))


def _name(region: Region, request: dict[str, Any]) -> str:
    name, arn = request.get("RuleName"), request.get("RuleARN")
    if bool(name) == bool(arn):
        raise invalid("Expected either RuleName or RuleARN, and not both")
    prefix = region.arn(_PATH)
    return str(name) if name else str(arn).removeprefix(prefix)


def _save(region: Region, name: str, body: dict[str, Any]) -> dict[str, Any]:
    region.store.put_resource(RULE, name, body)
    region.store.put_resource("state", "rules", {"modified": body["modified"]})
    return _record(region, name, body)


def _record(region: Region, name: str, body: dict[str, Any]) -> dict[str, Any]:
    rule = body["rule"] | {"RuleARN": region.arn(_PATH + name)}
    return {"SamplingRule": rule, "CreatedAt": body["created"], "ModifiedAt": body["modified"]}
