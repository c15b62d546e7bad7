"""The sampling rules: create, read, update, delete, with AWS's messages and its Default rule."""

from typing import Any

from xray_local.api.operations import tags
from xray_local.api.operations.defaults import RULE, all_held, held
from xray_local.errors import ApiError, invalid
from xray_local.state.region import Service
from xray_model import DEFAULT_RULE_NAME, INVALID_DEFAULT_UPDATE, ModelError, SamplingRule, limits

EXISTS = "Sampling rule already exists"
MISSING = "Sampling rule does not exist"
_PATH = "sampling-rule/"


def all_rules(service: Service) -> list[SamplingRule]:
    """Give every rule, the Default rule included."""
    return [SamplingRule.from_api(body["rule"]) for _, body in _bodies(service)]


def modified_at(service: Service) -> float:
    """Give when a rule was last created, changed or deleted, in epoch seconds."""
    state = service.store.resource("state", "rules")
    return float(state["modified"]) if state else 0.0


def get_sampling_rules(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give all rules at once: the SDKs read one page only."""
    return {"SamplingRuleRecords": [_record(service, name, body) for name, body in _bodies(service)]}


def create_sampling_rule(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Create a rule; 25 besides Default is the most."""
    given = request["SamplingRule"]
    if given.get("RuleARN"):
        raise invalid("RuleARN cannot be given for a new sampling rule")
    if given.get("RuleName") == DEFAULT_RULE_NAME:
        raise invalid(EXISTS)
    rule = _valid(given)
    if service.store.resource(RULE, rule.rule_name):
        raise invalid(EXISTS)
    if sum(name != DEFAULT_RULE_NAME for name, _ in _bodies(service)) >= limits.CUSTOM_RULES:
        message = f"Sampling rule limit exceeded: {limits.CUSTOM_RULES} rules are the most"
        raise ApiError("RuleLimitExceededException", message)
    if rule.version != 1:
        raise invalid(f"Version is {rule.version}, expected 1")
    now = service.clock()
    body = {"rule": rule.to_api(), "created": now, "modified": now, "tags": tags.given(request)}
    return {"SamplingRuleRecord": _save(service, rule.rule_name, body)}


def update_sampling_rule(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Change what the update names; of Default only FixedRate and ReservoirSize."""
    update = request["SamplingRuleUpdate"]
    name = _name(service, update)
    body = held(service, RULE, name)
    if body is None:
        raise invalid(MISSING)
    rule = SamplingRule.from_api(body["rule"])
    try:
        changed = rule.updated(update)
    except ModelError as error:
        raise invalid(INVALID_DEFAULT_UPDATE if rule.is_default else str(error)) from error
    body |= {"rule": changed.to_api(), "modified": service.clock()}
    return {"SamplingRuleRecord": _save(service, name, body)}


def delete_sampling_rule(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a rule; Default stays."""
    name = _name(service, request)
    body = held(service, RULE, name)
    if body is None:
        raise invalid(MISSING)
    if name == DEFAULT_RULE_NAME:
        raise invalid("Default sampling rule cannot be deleted")
    record = _record(service, name, body)
    service.store.delete_resource(RULE, name)
    service.reservoirs.forget(name)
    service.store.put_resource("state", "rules", {"modified": service.clock()})
    return {"SamplingRuleRecord": record}


def _valid(given: dict[str, Any]) -> SamplingRule:
    try:
        return SamplingRule.from_api(given)
    except ModelError as error:
        raise invalid(str(error)) from error


def _bodies(service: Service) -> list[tuple[str, dict[str, Any]]]:
    whole = all_held(service, RULE)
    return sorted(whole.items(), key=lambda item: (item[1]["rule"]["Priority"], item[0]))


def _name(service: Service, given: dict[str, Any]) -> str:
    name, arn = given.get("RuleName"), given.get("RuleARN")
    if bool(name) == bool(arn):
        raise invalid("Expected either RuleName or RuleARN, and not both")
    prefix = service.arn(_PATH)
    return str(name) if name else str(arn).removeprefix(prefix)


def _save(service: Service, name: str, body: dict[str, Any]) -> dict[str, Any]:
    service.store.put_resource(RULE, name, body)
    service.store.put_resource("state", "rules", {"modified": body["modified"]})
    return _record(service, name, body)


def _record(service: Service, name: str, body: dict[str, Any]) -> dict[str, Any]:
    rule = body["rule"] | {"RuleARN": service.arn(_PATH + name)}
    return {"SamplingRule": rule, "CreatedAt": body["created"], "ModifiedAt": body["modified"]}
