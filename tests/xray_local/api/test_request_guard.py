from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.xray_local.conftest import Client
from xray_local.api import request_guard

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


async def guarded(handler: Any, *names: str) -> TestClient[web.Request, web.Application]:
    app = web.Application(middlewares=[request_guard.middleware(names)])
    app.router.add_get("/", handler)
    return TestClient(TestServer(app))


async def test_allowed_names_are_served() -> None:
    """Such as that of a Service in a cluster."""

    async def fine(request: web.Request) -> web.Response:
        return web.Response(text="fine")

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


async def test_other_responses_are_not_changed() -> None:
    """Such as a redirect."""

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    async with await guarded(away) as client:
        assert (await client.get("/", allow_redirects=False)).status == 302
