"""2,000 objects that observe: first start and restart of our operator and of the stock one, on the same API server.

Each run creates the same manifests; the audit log says when what was written.
"""

import time
from dataclasses import dataclass

from bench.operator.audit import Audit
from bench.operator.fixture import USERS, Fixture, Operator, rule
from bench.processes import BenchError

OBJECTS = 2_000
AWS_RULES = 25
QUIET_SECONDS = 3.0
INTERVAL = 2.0
INTERVALS = 4
KNOWN_SECONDS = 30.0
READY = 'xray_operator_objects{condition="Ready",kind="rule",status="True"} '


@dataclass(frozen=True, slots=True)
class Start:
    """A first start: objects a second since the first list, seconds since the process was started, CPU per object."""

    per_second: float
    seconds: float
    patches: float
    cpu: float
    resident: float
    peak: float


@dataclass(frozen=True, slots=True)
class Restart:
    """A restart with nothing changed: writes to Kubernetes, CPU seconds."""

    writes: int
    cpu: float


@dataclass(frozen=True, slots=True)
class ListCalls:
    """Calls per interval of GetSamplingRules and of GetGroups."""

    rules: float
    groups: float


def fill_aws(fixture: Fixture) -> None:
    """Make the rules in AWS that are observed."""
    fixture.reset_aws()
    aws = fixture.aws()
    for number in range(AWS_RULES):
        wildcards = dict.fromkeys(("ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")
        name, priority = f"observed-{number}", 100 + number
        numbers = {"Priority": priority, "FixedRate": 0.1, "ReservoirSize": 1, "Version": 1}
        aws.create_sampling_rule(
            SamplingRule={"RuleName": name, "ServiceName": "backend-flask", **numbers, **wildcards}
        )
    aws.close()


def manifests(count: int) -> list[dict[str, object]]:
    """Return objects that observe AWS's rules."""
    return [
        rule(
            f"scale-{number:04}",
            100 + number % AWS_RULES,
            ruleName=f"observed-{number % AWS_RULES}",
            managementPolicy="Observe",
        )
        for number in range(count)
    ]


def start(fixture: Fixture, name: str) -> Start:
    """Measure a first start with new objects."""
    fixture.replace_all(manifests(OBJECTS))
    audit, started = Audit(fixture.cluster.audit, USERS[name]), time.time()
    with fixture.operator(name) as operator:
        listed = audit.wait_listed()
        done = audit.wait_statuses(OBJECTS)
        audit.wait_quiet(QUIET_SECONDS)
        cpu, (resident, peak) = operator.server.cpu_seconds(), operator.server.memory()
    _check(fixture)
    rate = OBJECTS / (done - listed)
    return Start(rate, done - started, audit.written / OBJECTS, cpu / OBJECTS, resident, peak)


def restart(fixture: Fixture, name: str) -> Restart:
    """Measure a start on what the same operator has left."""
    audit = Audit(fixture.cluster.audit, USERS[name])
    with fixture.operator(name) as operator:
        audit.wait_listed()
        if name == "ours":  # which does not show it by writing
            _wait_known(operator, OBJECTS)
        audit.wait_quiet(QUIET_SECONDS)
        return Restart(audit.written, operator.server.cpu_seconds())


def _check(fixture: Fixture) -> None:
    """See that the work was done."""
    missing = [rule["metadata"]["name"] for rule in fixture.list() if not _is_ready(rule)]
    if missing:
        raise BenchError(f"{len(missing)} objects are not Ready, {missing[0]} first")


def _is_ready(body: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    conditions = body.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _wait_known(operator: Operator, count: int) -> None:
    """Wait until ours knows all objects."""
    until, ready = time.monotonic() + KNOWN_SECONDS, 0.0
    while ready != count:
        if time.monotonic() > until:
            raise BenchError(f"ours counts {ready:g} objects as Ready, expected {count}")
        time.sleep(0.2)
        ready = sum(
            float(line.removeprefix(READY)) for line in operator.metrics().splitlines() if line.startswith(READY)
        )


def list_calls(fixture: Fixture, count: int) -> ListCalls:
    """Count ours' reads of AWS per interval while it has so many objects."""
    with fixture.operator("ours", interval=INTERVAL) as operator:
        _wait_known(operator, count)
        fixture.forget_aws_calls()
        time.sleep(INTERVAL * (INTERVALS + 1))
        return ListCalls(
            *(_per_interval(fixture.aws_calls(operation)) for operation in ("GetSamplingRules", "GetGroups"))
        )


def _per_interval(times: list[float]) -> float:
    """Return calls per interval between the first call and the last."""
    if len(times) < 2:
        raise BenchError(f"AWS was read {len(times)} times in {INTERVALS} intervals")
    return (len(times) - 1) / round((times[-1] - times[0]) / INTERVAL)
