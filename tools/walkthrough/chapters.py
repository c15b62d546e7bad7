"""The chapters, in order: what a user does, and the output that proves it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tools.walkthrough.terminal import Terminal

INTERVAL = 3  # seconds between the operator's reads of AWS, here
_DEBUG_SECONDS = 15
_RATES = "get-sampling-rules --output text --query 'SamplingRuleRecords[].SamplingRule.[RuleName,FixedRate]'"
_GROUPS = "get-groups --output text --query 'Groups[].[GroupName,FilterExpression]'"

RULE = """\
apiVersion: xray.cruddur.io/v1alpha1
kind: XRaySamplingRule
metadata:
  name: checkout
spec:
  priority: 100
  fixedRate: 0.1
  reservoirSize: 1
  serviceName: checkout
"""
GROUP = """\
apiVersion: xray.cruddur.io/v1alpha1
kind: XRayGroup
metadata:
  name: slow
spec:
  filterExpression: responsetime > 2
"""
DEBUG_HOUR = """\
apiVersion: xray.cruddur.io/v1alpha1
kind: XRaySamplingRule
metadata:
  name: debug-hour
spec:
  ruleName: Default
  fixedRate: 1.0
  reservoirSize: 1
  expiresAt: "{}"
"""


class Chapter(Protocol):
    """One chapter; raises StepFailedError if a step does not reach its result."""

    def __call__(self, terminal: Terminal) -> None:
        """Run it."""
        ...


def _edit(terminal: Terminal) -> None:
    change = """--sampling-rule-update '{"RuleName": "checkout", "FixedRate": 1.0}'"""
    terminal.aws(f"update-sampling-rule {change} --query SamplingRuleRecord.SamplingRule.FixedRate")


def _apply(terminal: Terminal) -> None:
    terminal.title("Apply a rule, and read it from AWS")
    terminal.apply(RULE)
    terminal.until("get xsr", "True    False")
    terminal.until_aws(_RATES, "checkout")
    terminal.until("describe xsr checkout", "Created")


def _drift(terminal: Terminal) -> None:
    terminal.title(
        "Drift: a manual change in AWS",
        f"The next read of AWS (here every {INTERVAL} s) finds it; it is reported field by field, and repaired.",
    )
    terminal.transitions("xsr/checkout", lambda: _edit(terminal), "DriftRepaired")
    terminal.until_aws(_RATES, "0.1")
    terminal.until("events --for xsr/checkout", "DriftDetected", "DriftRepaired")


def _observe(terminal: Terminal) -> None:
    terminal.title(
        "Observe only", "With `managementPolicy: Observe` nothing is written; the drift stays and is reported."
    )
    terminal.kubectl("""patch xsr checkout --type=merge -p '{"spec":{"managementPolicy":"Observe"}}'""")
    terminal.until("get xsr checkout -o jsonpath={.metadata.finalizers}", "!xray")
    _edit(terminal)
    terminal.until("get xsr checkout -o jsonpath={.status.drift}", "fixedRate")
    terminal.kubectl("""patch xsr checkout --type=merge -p '{"spec":{"managementPolicy":"Manage"}}'""")
    terminal.until("get xsr", "True    False")


def _adopt(terminal: Terminal) -> None:
    terminal.title("Adopt", "What was in AWS before is not changed unless `adoptionPolicy` allows it.")
    terminal.aws("create-group --group-name slow --filter-expression 'responsetime > 5' --query Group.GroupARN")
    terminal.apply(GROUP)
    terminal.until("get xg slow -o jsonpath={.status.conditions[1].message}", "IfUnowned takes it over")
    terminal.apply(f"{GROUP}  adoptionPolicy: IfUnowned\n")
    terminal.until("get xg", "True")
    terminal.until_aws(_GROUPS, "responsetime > 2")


def _conflict(terminal: Terminal) -> None:
    terminal.title("Conflict", "Two resources for one rule: the first manages it, the second reports that and waits.")
    terminal.apply(RULE.replace("  name: checkout\nspec:", "  name: second\nspec:\n  ruleName: checkout"))
    terminal.until("get xsr -o wide", "Duplicate")
    terminal.until("get xsr second -o jsonpath={.status.conditions[1].message}", "is already managed")
    terminal.kubectl("delete xsr second")


def _expire(terminal: Terminal) -> None:
    terminal.title(
        "A debugging hour that ends automatically",
        f"The Default rule at 100 %, and back to its previous values (here after {_DEBUG_SECONDS} s).",
    )
    terminal.until_aws(_RATES, "Default\t0.05")
    ends = datetime.now(UTC) + timedelta(seconds=_DEBUG_SECONDS)
    terminal.apply(DEBUG_HOUR.format(f"{ends:%Y-%m-%dT%H:%M:%SZ}"))
    terminal.until_aws(_RATES, "Default\t1.0")
    terminal.until("get xsr debug-hour -o jsonpath={.status.conditions[0].reason}", "Expired")
    terminal.until_aws(_RATES, "Default\t0.05")


def _delete(terminal: Terminal) -> None:
    terminal.title(
        "Delete, and Orphan",
        "Deleting a resource deletes its rule in AWS; `deletionPolicy: Orphan` keeps it there, without our tags.",
    )
    terminal.kubectl("""patch xg slow --type=merge -p '{"spec":{"deletionPolicy":"Orphan"}}'""")
    terminal.kubectl("delete xray --all")
    terminal.until_aws(_RATES, "Default", "!checkout")
    terminal.until_aws(_GROUPS, "slow")


def _refused(terminal: Terminal) -> None:
    terminal.title("What the API server rejects")
    terminal.apply(RULE.replace("0.1", "1.5"))
    terminal.apply(
        DEBUG_HOUR.replace("  reservoirSize: 1\n", "  reservoirSize: 1\n  priority: 5\n").partition("  exp")[0]
    )


CHAPTERS: Sequence[Chapter] = (
    _apply,
    _drift,
    _observe,
    _adopt,
    _conflict,
    _expire,
    _delete,
    _refused,
)
