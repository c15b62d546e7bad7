from collections.abc import Iterable
from typing import Any

from tests.xray_local.page.trace.rows import call, checkout, document, thrown
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.traces.flags import Flag
from xray_local.traces.waterfall import waterfall


def ids(trace: AnalysedTrace, places: Iterable[int]) -> list[str]:
    return [trace.rows[place].id for place in sorted(places)]


def test_a_failure_began_where_nothing_below_failed_in_the_same_way() -> None:
    """The call that its service answered with the failure is part of that place."""
    trace = AnalysedTrace(checkout())
    assert ids(trace, trace.origins) == ["to-fraud", "fraud"]
    assert len(trace.failed) == 5


def test_the_way_of_a_failure_leads_from_the_root_to_where_it_began() -> None:
    """With the exception that the nearest row recorded, and the services that passed it up."""
    trace = AnalysedTrace(checkout())
    failure = trace.failure
    assert failure is not None
    assert ids(trace, failure.path) == ["shop", "to-payments", "payments", "to-fraud", "fraud"]
    assert failure.services == ("shop", "payments", "fraud")
    assert failure.exception is not None
    assert trace.rows[failure.exception].id == "to-fraud"
    assert (failure.flag, failure.client, failure.passed, failure.others) == (Flag.FAULT, True, 2, 0)


def test_a_failure_that_was_handled_did_not_reach_the_client() -> None:
    """It counts for less than one that did, even if it is more severe."""
    own: dict[str, Any] = {"error": True, "cause": {"exceptions": [{"type": "NotFound"}]}}
    handled = document("b", 1, 2, "a", **thrown("E", "x"))
    failure = AnalysedTrace(waterfall([document("a", 0, 9), handled])).failure
    assert failure is not None
    assert (failure.flag, failure.client, failure.path) == (Flag.FAULT, False, (0, 1))
    passed = AnalysedTrace(waterfall([document("a", 0, 9, **own), handled])).failure
    assert passed is not None
    assert (passed.flag, passed.client, passed.path, passed.others) == (Flag.ERROR, True, (0,), 1)


def test_a_failure_without_an_exception_is_explained_by_what_failed_below() -> None:
    """Also if that failed in another way: a 404 of a service that the caller did not expect."""
    rows = [document("a", 0, 9, fault=True), call("c", 3, 4, "a", error=True)]
    trace = AnalysedTrace(waterfall(rows))
    assert trace.failure is not None
    assert (trace.failure.path, trace.failure.client, trace.origins) == ((0, 1), True, {1})


def test_a_throttled_call_explains_the_error_above_it() -> None:
    """X-Ray flags it as an error, too."""
    rows = [document("a", 0, 9, error=True), call("c", 3, 4, "a", throttle=True, error=True)]
    failure = AnalysedTrace(waterfall(rows)).failure
    assert failure is not None
    assert (failure.flag, failure.path) == (Flag.THROTTLE, (0, 1))


def test_an_exception_explains_more_than_a_flag() -> None:
    """Of two failures that reached the client, it comes first."""
    rows = [
        document("a", 0, 9, fault=True),
        call("b", 1, 2, "a", fault=True),
        call("c", 3, 4, "a", **thrown("E", "x")),
    ]
    trace = AnalysedTrace(waterfall(rows))
    assert trace.failure is not None
    assert trace.rows[trace.failure.origin].id == "c"


def test_a_trace_without_a_flag_has_no_failure() -> None:
    """Nor an origin; a flag that is not `true` is none."""
    trace = AnalysedTrace(waterfall([document("a", 0, 9, fault="yes")]))
    assert (trace.failure, trace.origins) == (None, set())


def test_a_chain_of_ten_thousand_failures_began_at_its_end() -> None:
    """Without recursion."""
    rows = [document("0", 0, 1, fault=True)]
    rows += [call(str(number), 0, 1, str(number - 1), fault=True) for number in range(1, 10_000)]
    failure = AnalysedTrace(waterfall(rows)).failure
    assert failure is not None
    assert (failure.origin, len(failure.path)) == (9_999, 10_000)
