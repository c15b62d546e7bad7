import gc
import re
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.xray_local.conftest import Client
from xray_local.api import request_guard
from xray_local.errors import ApiError
from xray_local.listener import BODY_MAX

HOSTS = "expected an IP address, localhost or a name in --allow-host"


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:8900", True),
        ("localhost.:8900", True),
        ("127.0.0.1:8900", True),
        ("[::1]:8900", True),
        ("10.1.2.3", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("[", False),
        ("", False),
    ],
)
async def test_a_name_that_could_be_rebound_is_refused(api: Client, host: str, *, allowed: bool) -> None:
    """An IP address cannot be rebound, a name can."""
    answer = await api.get("/_local/health", headers={"Host": host})
    assert answer.status == (200 if allowed else 403)
    if not allowed:
        assert (await answer.json())["message"] == f"Host: {host!r}: {HOSTS}"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:8900", True),
        ("https://evil.example", False),
        ("http://127.0.0.1:3000", False),
        ("null", False),
        ("", False),
        ("http://[", False),
    ],
)
async def test_a_request_from_another_origin_is_refused(api: Client, origin: str, *, allowed: bool) -> None:
    """Another port of this machine is one."""
    headers = {"Host": "127.0.0.1:8900", "Origin": origin}
    answer = await api.post("/_local/reset", headers=headers)
    assert answer.status == (200 if allowed else 403)


async def test_the_otlp_listener_is_guarded(otlp: Client) -> None:
    """Spans from another site's page are refused."""
    answer = await otlp.post("/v1/traces", data=b"", headers={"Host": "evil.example"})
    assert answer.status == 403


async def guarded(handler: Any, *names: str, origins: tuple[str, ...] = ()) -> TestClient[web.Request, web.Application]:
    app = web.Application(middlewares=[request_guard.middleware(names, origins)])
    app.router.add_get("/", handler)
    return TestClient(TestServer(app))


async def test_allowed_names_are_served() -> None:
    """Such as that of a Service in a cluster."""
    async with await guarded(fine, "xray.Tracing.svc") as client:
        assert (await client.get("/", headers={"Host": "XRAY.tracing.svc:8900"})).status == 200


async def test_an_unexpected_error_is_answered_without_details(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the traceback."""

    async def broken(request: web.Request) -> web.Response:
        raise ZeroDivisionError("secret")

    async with await guarded(broken) as client:
        answer = await client.get("/")
        assert (answer.status, (await answer.json())["message"]) == (500, "internal error: see the log of xray-local")
    [record] = caplog.records
    assert record.getMessage() == "request_failed method=GET path=/"


async def fine(request: web.Request) -> web.Response:
    return web.Response(text="fine")


@pytest.mark.parametrize(
    ("origins", "origin", "status"),
    [
        (("http://app:3000",), "http://app:3000", 200),
        (("http://App:3000",), "http://app:3000", 200),
        (("http://app:3000",), "http://app:3001", 403),
        (("*",), "https://any.example", 200),
        (("*",), "null", 200),
    ],
)
async def test_pages_of_allowed_origins_may_read_the_answers(
    origins: tuple[str, ...], origin: str, status: int
) -> None:
    """An allowed origin is in the headers that browsers require; any other is refused without them."""
    async with await guarded(fine, origins=origins) as client:
        answer = await client.get("/", headers={"Origin": origin})
    assert answer.status == status
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if status == 200 else None)
    assert answer.headers.get("Vary") == ("Origin" if status == 200 else None)


async def test_a_preflight_of_an_allowed_origin_is_answered() -> None:
    """With the method and the headers that it asks for; that of another origin is refused."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-amz-date"}
    async with await guarded(fine, origins=("http://app:3000",)) as client:
        answer = await client.options("/", headers={"Origin": "http://app:3000", **asked})
        refused = await client.options("/", headers={"Origin": "http://other", **asked})
    assert (answer.status, refused.status) == (204, 403)
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type,x-amz-date"
    assert "Access-Control-Allow-Methods" not in refused.headers


async def test_every_response_has_a_request_id(api: Client) -> None:
    """A different one each time, also for errors; boto3 reports it."""
    answers = [
        await api.post("/Groups", json={}),
        await api.post("/GetGroup", json={"GroupName": "none"}),
        await api.get("/nowhere"),
        await api.get("/", headers={"Host": "evil.example"}),
        await api.get("/"),
    ]
    ids = {answer.headers["x-amzn-RequestId"] for answer in answers}
    assert len(ids) == 5
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id_) for id_ in ids)


async def test_other_responses_are_not_changed() -> None:
    """Such as a redirect."""

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    async with await guarded(away) as client:
        assert (await client.get("/", allow_redirects=False)).status == 302


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/Groups", b'{"NextToken": "' + b"x" * 1000 + b'"}', 400),
        ("/Groups", b'{"NextToken": ', 400),
        ("/TraceSummaries", b'{"StartTime": 0, "EndTime": 1, "FilterExpression": "("}', 400),
        ("/GetGroup", b'{"GroupName": "absent"}', 400),
        ("/v1/traces", b"{", 400),
        ("/Groups", b" " * (BODY_MAX + 1), 413),
    ],
)
async def test_a_refused_request_is_freed_at_once(api: Client, path: str, body: bytes, status: int) -> None:
    """Cycles are collected seldom, and a body may have 16 MB: forty refused ones took a gigabyte."""

    async def send() -> None:
        answer = await api.post(path, data=BytesIO(body), headers={"Content-Type": "application/json"})
        assert answer.status == status
        await answer.read()

    gc.collect()
    gc.disable()
    try:
        await send()
        await api.get("/_local/health")  # the server has ended the refused request by then
        alive = [item for item in gc.get_objects() if isinstance(item, ApiError | web.HTTPException)]
    finally:
        gc.enable()
    assert alive == []
