"""Wires one process: the store and the service, three HTTP doors and the UDP door, and their clean end.

Called by `cli`; the only place that knows all doors.
"""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from aiohttp import web

from xray_local.api import admin, request_guard, routes
from xray_local.api.faults import SCRIPT_KEY, Script
from xray_local.errors import StoreError
from xray_local.ingest import otlp, udp
from xray_local.page import routes as page
from xray_local.settings import Settings
from xray_local.state.region import SERVICE_KEY, Service
from xray_local.state.store import Store

_log = logging.getLogger(__name__)
AGENT_TRIES = 20  # free numbers tried until one is free for both UDP and TCP
EVICTION_LOG_SECONDS = 60.0  # between two lines
EVICTION_LOOK_SECONDS = 0.5
DOOR_SECONDS = 2.0  # that each door waits for its last requests; Docker kills ten seconds after SIGTERM


class StartError(Exception):
    """The process cannot start; the text is one line for the person who started it."""


def build_app(service: Service, script: Script, settings: Settings, door: str) -> web.Application:
    """Build an HTTP door: `api` (API, OTLP, page, control), `agent` (API alone) or `otlp`."""
    app = web.Application(client_max_size=routes.BODY_MAX, middlewares=[request_guard.middleware(settings.allow_host)])
    app[SERVICE_KEY], app[SCRIPT_KEY], app[routes.DOOR_KEY] = service, script, door
    if door != "agent":
        otlp.add_routes(app)
    if door == "otlp":
        return app
    routes.add_routes(app)
    if door == "api":
        admin.add_routes(app)
        page.add_routes(app)
    return app


def build_api_app(service: Service, settings: Settings) -> web.Application:
    """Build the door of the API and the page by itself, as tests need it."""
    return build_app(service, Script(), settings, "api")


async def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` gets one line once everything listens. StartError if it cannot."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as cleanup:
        store = _store(settings)
        cleanup.callback(store.close)
        service, script = Service(store=store, clock=time.time, region=settings.region), Script()
        udp_socket, agent_socket = _bind_agent(settings)
        sockets = {
            "api": _bind(settings.host, settings.api_port, "API and page"),
            "agent": agent_socket,
            "otlp": _bind(settings.host, settings.otlp_port, "OTLP"),
        }
        for door, bound in sockets.items():
            app = build_app(service, script, settings, door)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=DOOR_SECONDS)
            await runner.setup()
            cleanup.push_async_callback(runner.cleanup)
            await web.SockSite(runner, bound).start()
        datagrams = udp.UdpDoor(service, udp_socket)
        datagrams.start()
        cleanup.callback(datagrams.stop)
        watching = loop.create_task(_watch_evictions(service))
        cleanup.callback(watching.cancel)
        ready(_ready_line(settings.host, {door: bound.getsockname()[1] for door, bound in sockets.items()}))
        await stopping.wait()


def _store(settings: Settings) -> Store:
    try:
        return Store(settings.db, max_traces=settings.max_traces)
    except StoreError as error:
        raise StartError(str(error)) from error


def _bind(host: str, port: int, purpose: str) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise StartError(f"cannot listen on {host} port {port} ({purpose}): {_reason(error)}") from error


def _reason(error: OSError) -> str:
    # create_server adds the address, which the message has; a name that cannot be resolved has a number below 0.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _bind_agent(settings: Settings) -> tuple[socket.socket, socket.socket]:
    """Bind UDP and TCP on one number, which for port 0 is looked for."""
    for tries_left in reversed(range(AGENT_TRIES)):
        agent = _bind(settings.host, settings.agent_port, "agent, TCP")
        number = agent.getsockname()[1]
        try:
            return udp.bind(settings.host, number), agent
        except OSError as error:
            agent.close()
            if settings.agent_port or not tries_left:
                problem = f"cannot listen on {settings.host} port {number} (agent, UDP): {_reason(error)}"
                raise StartError(problem) from error
    raise AssertionError("the loop returns or raises")


def _ready_line(host: str, ports: dict[str, int]) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"ready api=http://{shown}:{ports['api']} agent={shown}:{ports['agent']} otlp=http://{shown}:{ports['otlp']}"


async def _watch_evictions(service: Service) -> None:
    said = 0
    while True:
        if service.store.evicted > said:
            said = service.store.evicted
            _log.warning("traces_evicted total=%d max_traces=%d", said, service.store.max_traces)
            await asyncio.sleep(EVICTION_LOG_SECONDS)
        said = min(said, service.store.evicted)  # a reset begins anew
        await asyncio.sleep(EVICTION_LOOK_SECONDS)
