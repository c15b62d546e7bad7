from typing import Any

import aiohttp
import pytest

from tests.xray_local.conftest import Client
from xray_local.api.faults import FAULTS_MAX, REMEMBERED_MAX, Fault, FaultError, Script, parse

THROTTLED = {"operation": "GetGroups", "status": 429, "code": "ThrottledException", "message": "slow down"}


async def groups(api: Client) -> int:
    return (await api.post("/Groups", json={})).status


async def test_a_fault_applies_as_often_as_it_says(api: Client) -> None:
    """Twice, to its operation alone."""
    await api.put("/_local/faults", json=[THROTTLED | {"times": 2}])
    assert (await api.post("/GetSamplingRules", json={})).status == 200
    assert [await groups(api) for _ in range(3)] == [429, 429, 200]


async def test_faults_of_one_operation_follow_each_other(api: Client) -> None:
    """In the order of the script."""
    await api.put("/_local/faults", json=[THROTTLED, {"operation": "*", "status": 503}])
    assert [await groups(api) for _ in range(3)] == [429, 503, 200]


async def test_a_fault_is_answered_like_an_error_of_aws(api: Client) -> None:
    """With code and message of the script."""
    await api.put("/_local/faults", json=[THROTTLED])
    answer = await api.post("/Groups", json={})
    assert answer.headers["x-amzn-ErrorType"] == "ThrottledException"
    assert (await answer.json())["message"] == "slow down"


@pytest.mark.parametrize(("when", "status"), [("before", 200), ("after", 400)])
async def test_a_fault_comes_before_or_after_the_commit(api: Client, when: str, status: int) -> None:
    """After it, the group exists although its creation seemed to fail: the second try finds the name taken."""
    await api.put("/_local/faults", json=[{"operation": "CreateGroup", "status": 500, "when": when}])
    assert (await api.post("/CreateGroup", json={"GroupName": "one"})).status == 500
    assert (await api.post("/CreateGroup", json={"GroupName": "one"})).status == status


async def test_a_delay_alone_is_no_error(api: Client) -> None:
    """The call is answered, later."""
    await api.put("/_local/faults", json=[{"operation": "GetGroups", "delay": 0.01}])
    assert await groups(api) == 200
    assert await (await api.get("/_local/faults")).json() == []


async def test_a_delay_after_the_operation_keeps_back_the_answer_only(api: Client) -> None:
    """A client that gives up meanwhile does not know that it was done."""
    await api.put("/_local/faults", json=[{"operation": "CreateGroup", "delay": 30, "when": "after"}])
    with pytest.raises(TimeoutError):
        await api.post("/CreateGroup", json={"GroupName": "one"}, timeout=aiohttp.ClientTimeout(total=0.2))
    assert (await api.post("/GetGroup", json={"GroupName": "one"})).status == 200


async def test_a_stale_read_is_answered_as_the_same_request_was_last(api: Client) -> None:
    """As often as it says; another request, or the first of its kind, is answered as things are."""
    assert len((await (await api.post("/Groups", json={})).json())["Groups"]) == 1
    await api.post("/CreateGroup", json={"GroupName": "one"})
    stale = {"operation": "GetGroups", "stale": True, "times": 2}
    await api.put("/_local/faults", json=[stale, {"operation": "GetGroup", "stale": True}])
    counts = [len((await (await api.post("/Groups", json={})).json())["Groups"]) for _ in range(3)]
    assert counts == [1, 1, 2]
    assert (await api.post("/GetGroup", json={"GroupName": "one"})).status == 200


async def test_a_request_that_is_refused_uses_no_fault_up(api: Client) -> None:
    """A fault waits for a call that would have worked."""
    await api.put("/_local/faults", json=[THROTTLED | {"operation": "GetGroup"}])
    assert (await api.post("/GetGroup", json={"GroupName": 1})).status == 400
    assert (await api.post("/GetGroup", json={"GroupName": "Default"})).status == 429


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "the script is no list of at most 100 faults"),
        ([{}] * (FAULTS_MAX + 1), "the script is no list of at most 100 faults"),
        ([1], "fault 1 is 1, expected an object"),
        ([THROTTLED, {}], "fault 2: operation is missing"),
        ([THROTTLED | {"often": 1}], "fault 1: often is unknown"),
        ([THROTTLED | {"times": 0}], "fault 1: times is 0"),
        ([THROTTLED | {"times": True}], "fault 1: times is True"),
        ([THROTTLED | {"status": 200}], "fault 1: status is 200"),
        ([THROTTLED | {"status": True}], "fault 1: status is True"),
        ([THROTTLED | {"code": "a\r\nb"}], "fault 1: code is 'a\\r\\nb'"),
        ([THROTTLED | {"when": "during"}], "fault 1: when is 'during'"),
        ([THROTTLED | {"when": []}], "fault 1: when is []"),
        ([THROTTLED | {"delay": 61}], "fault 1: delay is 61"),
        ([THROTTLED | {"delay": float("nan")}], "fault 1: delay is nan"),
        ([{"operation": "GetGroups", "stale": 1}], "fault 1: stale is 1"),
        (
            [{"operation": "CreateGroup", "stale": True}],
            "fault 1: stale is for GetGroup, GetGroups, GetSamplingRules, ListTagsForResource, not for CreateGroup",
        ),
        ([THROTTLED | {"operation": "GetGroupies"}], "fault 1: operation is 'GetGroupies'"),
    ],
)
def test_a_script_that_is_none_is_refused(given: Any, message: str) -> None:
    """By number and member, before anything is scripted."""
    with pytest.raises(FaultError) as caught:
        parse(given)
    assert str(caught.value) == message


def test_a_script_may_leave_out_all_but_the_operation() -> None:
    """Once, before, without a delay or an error."""
    assert parse([{"operation": "GetGroups"}]) == [Fault("GetGroups")]


def test_the_oldest_answers_are_forgotten() -> None:
    """What a stale read can give does not grow without end."""
    script = Script()
    for number in range(REMEMBERED_MAX + 1):
        script.remember((str(number),), number)
    assert [script.remembered(("0",)), script.remembered(("1",))] == [None, 1]


def test_the_log_keeps_the_last_calls() -> None:
    """It cannot grow without end."""
    script = Script()
    for number in range(2001):
        script.log(time=number)
    assert (len(script.calls), script.calls[0]) == (2000, {"time": 1})
