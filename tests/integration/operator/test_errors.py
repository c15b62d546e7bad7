"""What AWS may answer: each error is told by its reason, written once, and everything goes on by itself."""

from typing import Any

import pytest

from tests.integration.operator.bench import Bench, rule
from xray_model import SamplingRule

pytestmark = pytest.mark.process
ALWAYS = 100_000
CREATE = {"operation": "CreateSamplingRule", "times": ALWAYS}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (CREATE | {"status": 429, "code": "ThrottledException", "message": "Rate exceeded"}, "Throttled"),
        (CREATE | {"status": 500}, "Unreachable"),
        (CREATE | {"status": 403, "code": "AccessDeniedException", "message": "not allowed"}, "Denied"),
        (CREATE | {"status": 400, "code": "RuleLimitExceededException", "message": "too many"}, "LimitExceeded"),
        (CREATE | {"status": 400, "code": "InvalidRequestException", "message": "no"}, "Invalid"),
        ({"operation": "*", "times": ALWAYS, "status": 400, "code": "ExpiredTokenException"}, "Denied"),
        ({"operation": "GetGroups", "times": ALWAYS, "status": 503}, "Unreachable"),
        ({"operation": "GetSamplingRules", "times": ALWAYS, "delay": 3.0}, "Unreachable"),
    ],
)
def test_an_error_is_told_by_its_reason_and_passes(bench: Bench, fault: dict[str, Any], told: str) -> None:
    """When AWS works again, so does the operator."""
    bench.aws.script([fault])
    bench.apply(rule())
    bench.synced("xsr/checkout", f"False {told}")
    bench.aws.script([])
    bench.ready("xsr/checkout")
    assert bench.rate() == 0.1


def test_an_error_that_repeats_itself_is_written_once(bench: Bench) -> None:
    """Its message has no times and no request ids, and its event is posted once."""
    bench.aws.script([CREATE | {"status": 500}])
    bench.apply(rule())
    bench.synced("xsr/checkout", "False Unreachable")
    bench.aws.forget_calls()
    before = bench.patches()
    bench.until(lambda: bench.aws.operators_calls().count("CreateSamplingRule") >= 3, wanted=True)
    assert bench.patches() == before
    bench.until(lambda: bench.events("xsr/checkout"), ["Unreachable"])


def test_a_failing_object_is_not_tried_in_a_hot_loop(bench: Bench) -> None:
    """Reads go on at their interval meanwhile."""
    bench.aws.script([CREATE | {"status": 500}])
    bench.apply(rule())
    bench.synced("xsr/checkout", "False Unreachable")
    bench.aws.forget_calls()
    bench.until(lambda: bench.aws.operators_calls().count("GetGroups") >= 6, wanted=True)
    calls = bench.aws.operators_calls()
    assert calls.count("CreateSamplingRule") <= 2 * calls.count("GetGroups")


@pytest.mark.parametrize("late", [{"status": 500}, {"delay": 2.0}])
def test_a_lost_answer_makes_no_second_object_and_no_conflict(bench: Bench, late: dict[str, Any]) -> None:
    """AWS had done it: what is there and ours is kept."""
    bench.aws.script([{"operation": "CreateSamplingRule", "when": "after", **late}])
    bench.apply(rule())
    bench.ready("xsr/checkout")
    expected = SamplingRule(rule_name="checkout", priority=100, fixed_rate=0.1, reservoir_size=1)
    assert [one.value for one in bench.aws.held() if one.name == "checkout"] == [expected]


def test_what_is_in_step_stays_ready_while_aws_is_away(bench: Bench) -> None:
    """Ready is about what AWS was last seen to have; Synced says that it cannot be asked."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    bench.aws.script([{"operation": "*", "times": ALWAYS, "status": 503}])
    bench.synced("xsr/checkout", "False Unreachable")
    assert bench.condition("xsr/checkout", "Ready") == "True Available"
    bench.aws.script([])
    bench.ready("xsr/checkout")
