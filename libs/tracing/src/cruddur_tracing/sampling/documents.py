"""The documents of GetSamplingRules and GetSamplingTargets: what an agent answers, and what a client reports.

Pure. The readers take whatever an agent sends: optional members may be missing or null, numbers may be integers or
floats, times seconds or milliseconds, and unknown members are ignored. What cannot be read raises DocumentError.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from cruddur_tracing.sampling.rule_state import BoostCounts, Counts, Target
from xray_model import DEFAULT_RULE_NAME, ModelError, SamplingRateBoost, SamplingRule, default_rule

DOCUMENTS_MAX: Final = 25  # of each kind in one call (botocore's service model)
NUMBER_MAX: Final = 1e18
MILLISECONDS: Final = 1e11  # a larger time is in milliseconds: in seconds it would be the year 5138

_TEXTS: Final = {
    "ServiceName": "service_name",
    "ServiceType": "service_type",
    "Host": "host",
    "HTTPMethod": "http_method",
    "URLPath": "url_path",
    "ResourceARN": "resource_arn",
}


class DocumentError(ValueError):
    """A document that cannot be read; the message is one line: the member, its value, and what was expected."""

    def __init__(self, member: str, value: object, expected: str) -> None:
        text = repr(value)
        super().__init__(f"{member}: {text if len(text) <= 60 else text[:60] + '…'}: expected {expected}")


class RulesPage(NamedTuple):
    """The rules of one answer. `skipped` says for each record that cannot be read why; `newest` is in epoch seconds."""

    rules: tuple[SamplingRule, ...]
    skipped: tuple[str, ...]
    newest: float
    next_token: str | None


class TargetsAnswer(NamedTuple):
    """What was assigned, when the rules were last changed (epoch seconds), and the statistics that were refused."""

    targets: tuple[Target, ...]
    rules_changed: float | None
    unprocessed: tuple[str, ...]


def read_rules(answer: object) -> RulesPage:
    """Read the answer to GetSamplingRules."""
    members = _object("the answer", answer)
    rules, skipped, newest = [], [], 0.0
    for record in _list("SamplingRuleRecords", members.get("SamplingRuleRecords")):
        try:
            rules.append(_rule(_object("SamplingRuleRecords", record)))
            newest = max(newest, _time("ModifiedAt", record.get("ModifiedAt")) or 0.0)
        except (DocumentError, ModelError) as error:
            skipped.append(str(error))
    token = members.get("NextToken")
    return RulesPage(tuple(rules), tuple(skipped), newest, str(token) if token else None)


def read_targets(answer: object) -> TargetsAnswer:
    """Read the answer to GetSamplingTargets."""
    members = _object("the answer", answer)
    targets = _list("SamplingTargetDocuments", members.get("SamplingTargetDocuments"))
    unprocessed = [
        problem
        for name in ("UnprocessedStatistics", "UnprocessedBoostStatistics")
        for problem in _list(name, members.get(name))
    ]
    return TargetsAnswer(
        tuple(_target(_object("SamplingTargetDocuments", target)) for target in targets),
        _time("LastRuleModification", members.get("LastRuleModification")),
        tuple(_problem(_object("UnprocessedStatistics", problem)) for problem in unprocessed),
    )


def statistics(rule_name: str, client_id: str, now: float, counts: Counts) -> dict[str, Any]:
    """Return a SamplingStatisticsDocument."""
    return {
        "RuleName": rule_name,
        "ClientID": client_id,
        "Timestamp": int(now),
        "RequestCount": counts.requests,
        "SampledCount": counts.sampled,
        "BorrowCount": counts.borrowed,
    }


def boost_statistics(rule_name: str, service_name: str, now: float, counts: BoostCounts) -> dict[str, Any]:
    """Return a SamplingBoostStatisticsDocument."""
    return {
        "RuleName": rule_name,
        "ServiceName": service_name,
        "Timestamp": int(now),
        "TotalCount": counts.traces,
        "AnomalyCount": counts.anomalies,
        "SampledAnomalyCount": counts.sampled_anomalies,
    }


def targets_request(statistics: Iterable[Mapping[str, Any]], boosts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the request of GetSamplingTargets; without boost statistics it has no member for them."""
    request: dict[str, Any] = {"SamplingStatisticsDocuments": list(statistics)}
    boost_documents = list(boosts)
    return request | ({"SamplingBoostStatisticsDocuments": boost_documents} if boost_documents else {})


def _rule(record: Mapping[str, Any]) -> SamplingRule:
    members = _object("SamplingRule", record.get("SamplingRule"))
    name = members.get("RuleName")
    if not isinstance(name, str):
        raise DocumentError("RuleName", name, "a string")
    try:
        rate, reservoir = _required(members, "FixedRate"), int(_required(members, "ReservoirSize"))
        if name == DEFAULT_RULE_NAME:
            # AWS allows no other change of the Default rule, and the SDKs apply it last whatever else it says.
            return SamplingRule(
                rule_name=name, priority=default_rule().priority, fixed_rate=rate, reservoir_size=reservoir
            )
        return SamplingRule(
            rule_name=name,
            priority=int(_required(members, "Priority")),
            fixed_rate=rate,
            reservoir_size=reservoir,
            attributes=members.get("Attributes") or {},
            version=int(_number("Version", members.get("Version")) or 1),
            sampling_rate_boost=_rate_boost(members.get("SamplingRateBoost")),
            **{python: members[api] for api, python in _TEXTS.items() if members.get(api) is not None},
        )
    except (DocumentError, ModelError) as error:
        raise DocumentError("RuleName", name, f"a rule that can be read, but {error}") from error


def _rate_boost(value: object) -> SamplingRateBoost | None:
    if value is None:
        return None
    members = _object("SamplingRateBoost", value)
    cooldown = _number("CooldownWindowMinutes", members.get("CooldownWindowMinutes"))
    return SamplingRateBoost(max_rate=_required(members, "MaxRate"), cooldown_window_minutes=int(cooldown or 0))


def _target(members: Mapping[str, Any]) -> Target:
    boost = _object("SamplingBoost", members.get("SamplingBoost") or {})
    quota = _number("ReservoirQuota", members.get("ReservoirQuota"))
    interval = _number("Interval", members.get("Interval"))
    boost_rate, boost_until = _number("BoostRate", boost.get("BoostRate")), _time("TTL", boost.get("BoostRateTTL"))
    boosted = boost_rate is not None and boost_until is not None
    return Target(
        rule_name=str(members.get("RuleName")),
        rate=_number("FixedRate", members.get("FixedRate")),
        quota=None if quota is None else int(quota),
        quota_until=_time("ReservoirQuotaTTL", members.get("ReservoirQuotaTTL")),
        interval=interval if interval and interval > 0 else None,
        boost_rate=boost_rate if boosted else None,
        boost_until=boost_until if boosted else None,
    )


def _problem(members: Mapping[str, Any]) -> str:
    return f"{members.get('RuleName')}: {members.get('ErrorCode')}: {members.get('Message')}"


def _required(members: Mapping[str, Any], member: str) -> float:
    number = _number(member, members.get(member))
    if number is None:
        raise DocumentError(member, None, "a number")
    return number


def _number(member: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < NUMBER_MAX:  # nor NaN
        raise DocumentError(member, value, "a number")
    return value


def _time(member: str, value: object) -> float | None:
    number = _number(member, value)
    return number / 1000 if number is not None and number > MILLISECONDS else number


def _object(member: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DocumentError(member, value, "an object")
    return value


def _list(member: str, value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise DocumentError(member, value, "a list")
    return value
