from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, Clock, document, statistics, text
from xray_local.state.region import Service


async def test_health_counts_what_is_stored_and_what_was_lost(api: Client, service: Service) -> None:
    """Segments and spans apart, evicted traces, refused documents."""
    service.store.max_traces = 2
    service.put([document(1), document(2, 1), document(2, 2), document(3)._replace(kind="span")])
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": ["{"]})
    assert await (await api.get("/_local/health")).json() == {
        "status": "ok",
        "traces": 2,
        "segments": 2,
        "spans": 1,
        "evicted_traces": 1,
        "rejected": 1,
        "max_traces": 2,
    }


async def test_reset_forgets_everything(api: Client) -> None:
    """Traces, groups, clients, faults and the log."""
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": [text(1), "{"]})
    await api.post("/CreateGroup", json={"GroupName": "one"})
    await api.post("/SamplingTargets", json={"SamplingStatisticsDocuments": [statistics("Default")]})
    await api.put("/_local/faults", json=[{"operation": "GetGroups", "status": 500, "times": 9}])
    await api.post("/_local/reset")
    assert await (await api.get("/_local/requests")).json() == []
    groups = await (await api.post("/Groups", json={})).json()
    assert [group["GroupName"] for group in groups["Groups"]] == ["Default"]
    summaries = await (await api.post("/SamplingStatisticSummaries", json={})).json()
    assert summaries == {"SamplingStatisticSummaries": []}
    health = await (await api.get("/_local/health")).json()
    assert (health["traces"], health["rejected"]) == (0, 0)


async def test_calls_are_logged_with_body_status_and_caller(api: Client, clock: Clock) -> None:
    """In their order, the refused ones as well; what a call was signed for is in its header."""
    scope = "Credential=AKID/20260801/eu-west-1/xray/aws4_request"
    await api.post("/CreateGroup", json={"GroupName": "one"}, headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}, x"})
    clock.now += 1
    await api.post("/DeleteGroup", json={"GroupName": "two"})
    caller = {"door": "api", "peer": "127.0.0.1"}
    created = {"operation": "CreateGroup", "time": NOW, "status": 200, "body": {"GroupName": "one"}}
    deleted = {"operation": "DeleteGroup", "time": NOW + 1, "status": 400, "body": {"GroupName": "two"}}
    expected = [created | caller | {"scope": "eu-west-1/xray"}, deleted | caller | {"scope": None}]
    assert await (await api.get("/_local/requests")).json() == expected
    await api.delete("/_local/requests")
    assert await (await api.get("/_local/requests")).json() == []


async def test_a_large_body_is_not_logged(api: Client) -> None:
    """The log is no second store."""
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": [text(1, name="x" * 200)] * 50})
    [call] = await (await api.get("/_local/requests")).json()
    assert (call["status"], call["body"]) == (200, {})


async def test_a_script_is_set_shown_and_dropped(api: Client) -> None:
    """A bad one leaves the old one in place."""
    await api.put("/_local/faults", json=[{"operation": "GetGroups", "status": 500}])
    refused = await api.put("/_local/faults", json=[{"operation": "GetGroups", "status": 1}])
    assert (refused.status, (await refused.json())["message"]) == (400, "fault 1: status is 1")
    assert (await api.put("/_local/faults", data=b"[" * 100_000)).status == 400
    [fault] = await (await api.get("/_local/faults")).json()
    assert fault == {
        "operation": "GetGroups",
        "times": 1,
        "status": 500,
        "code": "InternalFailure",
        "message": "a scripted fault",
        "when": "before",
        "delay": 0.0,
        "stale": False,
    }
    await api.delete("/_local/faults")
    assert (await api.post("/Groups", json={})).status == 200
