from typing import Any

import aiohttp
import pytest

from tests.xray_local.conftest import Client
from xray_local.api.faults import FAULTS_MAX, REMEMBERED_MAX, Fault, FaultError, FaultScript, parse

THROTTLED = {"operation": "GetGroups", "status": 429, "code": "ThrottledException", "message": "slow down"}


async def groups(api: Client) -> int:
    return (await api.post("/Groups", json={})).status


async def test_a_fault_applies_as_often_as_it_says(api: Client) -> None:
    """Twice, and only to its operation."""
    await api.put("/_local/faults", json=[THROTTLED | {"times": 2}])
    assert (await api.post("/GetSamplingRules", json={})).status == 200
    assert [await groups(api) for _ in range(3)] == [429, 429, 200]


async def test_faults_of_one_operation_follow_each_other(api: Client) -> None:
    """In the order of the script."""
    await api.put("/_local/faults", json=[THROTTLED, {"operation": "*", "status": 503}])
    assert [await groups(api) for _ in range(3)] == [429, 503, 200]


async def test_a_fault_has_the_form_of_an_aws_error(api: Client) -> None:
    """With the code and the message of the script."""
    await api.put("/_local/faults", json=[THROTTLED])
    answer = await api.post("/Groups", json={})
    assert answer.headers["x-amzn-ErrorType"] == "ThrottledException"
    assert (await answer.json())["message"] == "slow down"


@pytest.mark.parametrize(("when", "status"), [("before", 200), ("after", 400)])
async def test_a_fault_applies_before_or_after_the_commit(api: Client, when: str, status: int) -> None:
    """After it, the group exists although the first request failed: the second one finds the name taken."""
    await api.put("/_local/faults", json=[{"operation": "CreateGroup", "status": 500, "when": when}])
    assert (await api.post("/CreateGroup", json={"GroupName": "one"})).status == 500
    assert (await api.post("/CreateGroup", json={"GroupName": "one"})).status == status


async def test_a_delay_without_a_status_is_not_an_error(api: Client) -> None:
    """The request is answered later."""
    await api.put("/_local/faults", json=[{"operation": "GetGroups", "delay": 0.01}])
    assert await groups(api) == 200
    assert await (await api.get("/_local/faults")).json() == []


async def test_a_delay_after_the_operation_delays_only_the_response(api: Client) -> None:
    """A client that times out does not know that the operation was carried out."""
    await api.put("/_local/faults", json=[{"operation": "CreateGroup", "delay": 30, "when": "after"}])
    with pytest.raises(TimeoutError):
        await api.post("/CreateGroup", json={"GroupName": "one"}, timeout=aiohttp.ClientTimeout(total=0.2))
    assert (await api.post("/GetGroup", json={"GroupName": "one"})).status == 200


async def test_a_stale_read_repeats_the_last_response_to_the_same_request(api: Client) -> None:
    """As often as it says; the first request of its kind gets the current state."""
    assert len((await (await api.post("/Groups", json={})).json())["Groups"]) == 1
    await api.post("/CreateGroup", json={"GroupName": "one"})
    stale = {"operation": "GetGroups", "stale": True, "times": 2}
    await api.put("/_local/faults", json=[stale, {"operation": "GetGroup", "stale": True}])
    counts = [len((await (await api.post("/Groups", json={})).json())["Groups"]) for _ in range(3)]
    assert counts == [1, 1, 2]
    assert (await api.post("/GetGroup", json={"GroupName": "one"})).status == 200


async def test_a_refused_request_does_not_use_up_a_fault(api: Client) -> None:
    """A fault applies to valid requests."""
    await api.put("/_local/faults", json=[THROTTLED | {"operation": "GetGroup"}])
    assert (await api.post("/GetGroup", json={"GroupName": 1})).status == 400
    assert (await api.post("/GetGroup", json={"GroupName": "Default"})).status == 429


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ({}, "the script is not a list of at most 100 faults"),
        ([{}] * (FAULTS_MAX + 1), "the script is not a list of at most 100 faults"),
        ([1], "fault 1: 1: expected an object"),
        ([THROTTLED, {}], "fault 2: operation is missing"),
        (
            [THROTTLED | {"often": 1}],
            "fault 1: unknown member 'often': expected operation, times, status, code, message, when, delay, stale",
        ),
        ([THROTTLED | {"times": 0}], "fault 1: times: 0: expected a whole number from 1 to 1000000"),
        ([THROTTLED | {"times": True}], "fault 1: times: True: expected a whole number from 1 to 1000000"),
        ([THROTTLED | {"status": 200}], "fault 1: status: 200: expected a whole number from 400 to 599, or null"),
        ([THROTTLED | {"status": True}], "fault 1: status: True: expected a whole number from 400 to 599, or null"),
        ([THROTTLED | {"code": "a\r\nb"}], "fault 1: code: 'a\\r\\nb': expected ASCII letters and digits"),
        ([THROTTLED | {"when": "during"}], "fault 1: when: 'during': expected before or after"),
        ([THROTTLED | {"when": []}], "fault 1: when: []: expected before or after"),
        ([THROTTLED | {"delay": 61}], "fault 1: delay: 61: expected seconds from 0 to 60"),
        ([THROTTLED | {"delay": float("nan")}], "fault 1: delay: nan: expected seconds from 0 to 60"),
        ([{"operation": "GetGroups", "stale": 1}], "fault 1: stale: 1: expected true or false"),
        (
            [{"operation": "CreateGroup", "stale": True}],
            "fault 1: stale: 'CreateGroup': expected one of GetGroup, GetGroups, GetSamplingRules, ListTagsForResource",
        ),
        (
            [THROTTLED | {"operation": "GetGroupies"}],
            "fault 1: operation: 'GetGroupies': expected an operation of the X-Ray API, or *",
        ),
    ],
)
def test_a_script_that_is_not_valid_is_refused(script: Any, message: str) -> None:
    """The message has the number of the fault and its member."""
    with pytest.raises(FaultError) as caught:
        parse(script)
    assert str(caught.value) == message


def test_only_the_operation_is_required() -> None:
    """The default is one time, before it, without delay or error."""
    assert parse([{"operation": "GetGroups"}]) == [Fault("GetGroups")]


def test_the_oldest_responses_are_forgotten() -> None:
    """The memory of stale reads is limited."""
    script = FaultScript()
    for number in range(REMEMBERED_MAX + 1):
        script.remember((str(number),), number)
    assert [script.remembered(("0",)), script.remembered(("1",))] == [None, 1]
