"""kopf's watches against a small API server that refuses, fails and falls silent: what ends them, and what does not."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.operator.in_memory_kubernetes import rule
from xray_operator.controller.controller import Controller
from xray_operator.kubernetes.credentials import CredentialsError
from xray_operator.runtime import kopf_watch, watch_session
from xray_operator.runtime.watch_session import WatchSessions

API = "/apis/xray.cruddur.io/v1alpha1"
RULES = f"{API}/xraysamplingrules"
_RESOURCE = {"namespaced": True, "verbs": ["list", "watch", "patch"]}
_VERSION = {"version": "v1alpha1"}
DISCOVERY = {
    "/api": {"versions": ["v1"]},
    "/api/v1": {"resources": [{"name": "namespaces", "kind": "Namespace", "singularName": "namespace", **_RESOURCE}]},
    "/apis": {"groups": [{"name": "xray.cruddur.io", "versions": [_VERSION], "preferredVersion": _VERSION}]},
    API: {
        "resources": [
            {"name": "xraysamplingrules", "kind": "XRaySamplingRule", "singularName": "xraysamplingrule", **_RESOURCE},
            {"name": "xraygroups", "kind": "XRayGroup", "singularName": "xraygroup", **_RESOURCE},
        ]
    },
}
SECONDS = 60.0


class ApiServer:
    """Lists and streams rules; the next requests for rules get the statuses in `refusals` instead."""

    def __init__(self) -> None:
        self.objects: list[dict[str, Any]] = []
        self.refusals: list[int] = []
        self.lists = 0
        self.watches = 0
        self._events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Return discovery, a list, a stream or a refusal."""
        if request.path in DISCOVERY:
            return web.json_response(DISCOVERY[request.path])
        if request.path == RULES and self.refusals:
            return web.json_response({"message": "refused"}, status=self.refusals.pop(0))
        if "watch" in request.query:
            return await self._stream(request)
        is_rules = request.path == RULES
        self.lists += is_rules
        metadata = {"resourceVersion": str(len(self.objects))}
        return web.json_response({"metadata": metadata, "items": self.objects if is_rules else []})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type": "BOOKMARK", "object": {}}\n')  # sends the headers, too
        events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        if request.path == RULES:
            for item in self.objects[int(request.query["resourceVersion"]) :]:
                events.put_nowait({"type": "ADDED", "object": item})
            self.watches += 1
            self._events = events
        while (event := await events.get()) is not None:
            await response.write(json.dumps(event).encode() + b"\n")
        return response

    def add(self, name: str, *, silent: bool = False) -> None:
        """Create a rule; `silent` loses its event."""
        version = str(len(self.objects) + 1)
        metadata = {"name": name, "namespace": "default", "uid": name, "resourceVersion": version, "generation": 1}
        self.objects.append({**rule(), "metadata": metadata})
        if not silent:
            self.send({"type": "ADDED", "object": self.objects[-1]})

    def send(self, event: dict[str, Any]) -> None:
        """Send an event in the stream of rules."""
        self._events.put_nowait(event)

    def end(self) -> None:
        """End the stream of rules, as the API server does regularly."""
        self._events.put_nowait(None)


class Events:
    """Records the names of the objects, in place of the controller."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def object_changed(self, body: Any) -> None:
        """Record an object."""
        self.names.append(body["metadata"]["name"])

    object_deleted = object_changed


class Watch:
    """kopf in a thread of its own: at its end it cancels all newer tasks of its event loop."""

    def __init__(self, server: ApiServer, url: str) -> None:
        self.server = server
        self.events = Events()
        self.failures = 0  # of the next reads of the credentials
        self._url = url
        self.sessions = WatchSessions(self._credentials)
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self.ended: asyncio.Future[None] = asyncio.ensure_future(asyncio.to_thread(asyncio.run, self._run()))

    def _credentials(self) -> kopf.ConnectionInfo:
        if self.failures:
            self.failures -= 1
            raise CredentialsError("invalid kubeconfig")
        return kopf.ConnectionInfo(server=self._url, token="same")

    async def _run(self) -> None:
        handlers = kopf_watch.registry(cast(Controller, self.events), self.sessions)
        task = asyncio.create_task(kopf_watch.run(handlers, ()))
        self._running = asyncio.get_running_loop(), task
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def stop(self) -> None:
        """Stop kopf."""
        if not self.ended.done() and self._running is not None:
            loop, task = self._running
            loop.call_soon_threadsafe(task.cancel)
        await asyncio.wait([self.ended])

    async def wait_for(self, name: str) -> None:
        """Wait until an event of an object has come."""
        async with asyncio.timeout(SECONDS):
            while name not in self.events.names:
                assert not self.ended.done(), self.ended.exception()
                await asyncio.sleep(0.01)


@pytest.fixture
async def watch(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    """Run kopf until the end of the test, with one object that it has seen."""
    monkeypatch.setattr(kopf_watch, "SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(kopf_watch, "LOGIN_SECONDS", 0.05)
    monkeypatch.setattr(watch_session, "BACKOFF_SECONDS", 0.05)
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.respond)
    async with TestServer(app) as listening:
        running = Watch(server, str(listening.make_url("")).rstrip("/"))
        async with asyncio.timeout(SECONDS):
            while server.watches == 0:
                await asyncio.sleep(0.01)
        server.add("first")
        await running.wait_for("first")
        yield running
        await running.stop()


async def test_each_list_that_kopf_requests_is_counted(watch: Watch) -> None:
    """For the probe: discovery is not counted, and an old request does not count either."""
    async with asyncio.timeout(SECONDS):
        while watch.sessions.requested(60) < 2:
            await asyncio.sleep(0.01)
    assert (watch.sessions.requested(60), watch.sessions.requested(0)) == (2, 0)


async def test_401_delays_events_and_lists_nothing_again(watch: Watch) -> None:
    """Also with the same token: kopf alone would end, since it has seen it rejected."""
    watch.server.refusals = [401, 401, 401]
    watch.server.end()
    watch.server.add("second", silent=True)
    await watch.wait_for("second")
    assert (watch.server.refusals, watch.server.lists, watch.server.watches) == ([], 1, 2)


async def test_failing_credentials_are_read_again(watch: Watch) -> None:
    """A file that is being replaced, for example."""
    watch.failures = 1
    watch.server.refusals = [401]
    watch.server.end()
    watch.server.add("second", silent=True)
    await watch.wait_for("second")
    assert (watch.failures, watch.server.lists) == (0, 1)


async def test_server_error_is_retried(watch: Watch) -> None:
    """Nothing is listed again."""
    watch.server.refusals = [500]
    watch.server.end()
    watch.server.add("second", silent=True)
    await watch.wait_for("second")
    assert (watch.server.refusals, watch.server.lists) == ([], 1)


async def test_410_lists_again(watch: Watch) -> None:
    """The revision of the watch is too old."""
    watch.server.send({"type": "ERROR", "object": {"code": 410}})
    watch.server.add("second", silent=True)
    await watch.wait_for("second")
    assert watch.server.lists == 2


async def test_silent_watch_is_opened_again(watch: Watch) -> None:
    """A connection can be lost without a word; the API server sends a bookmark each minute."""
    watch.server.add("second", silent=True)
    await watch.wait_for("second")
    assert (watch.server.lists, watch.server.watches >= 2) == (1, True)


async def test_error_in_a_watch_ends_kopf(watch: Watch) -> None:
    """With an exception, so that no watch is dead without the supervisor's knowledge."""
    watch.server.send({"type": "ERROR", "object": {"code": 500}})
    await asyncio.wait([watch.ended], timeout=SECONDS)
    with pytest.raises(Exception, match="Error in the watch-stream"):
        watch.ended.result()
