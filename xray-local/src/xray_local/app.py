"""Wires one process: the region, three HTTP listeners, OTLP/gRPC and the UDP listener, and their orderly shutdown."""

import asyncio
import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from aiohttp import web

from xray_local import listener
from xray_local.api import admin, request_guard, routes
from xray_local.api.faults import FaultScript
from xray_local.errors import StartError, StoreError, StoreFileError
from xray_local.ingest import otlp, otlp_grpc, udp
from xray_local.listener.connections import Connections, limit_by_descriptors, watch_request
from xray_local.page import routes as page
from xray_local.settings import MEMORY, Addresses, Settings
from xray_local.state import indexing
from xray_local.state.lambda_facades import LambdaFacades
from xray_local.state.memory_limit import max_document_bytes
from xray_local.state.region import Region
from xray_local.state.store import Store

_log = logging.getLogger(__name__)
_PORT_OPTIONS = {
    "API and page": "--api-port",
    "agent, TCP": "--agent-port",
    "agent, UDP": "--agent-port",
    "OTLP": "--otlp-port",
    "OTLP/gRPC": "--otlp-grpc-port",
}
OTLP_PORT, GRPC_PORT = 4318, 4317  # the usual ones of OTLP
AGENT_TRIES = 20  # free port numbers tried until one is free for both UDP and TCP
EVICTION_LOG_SECONDS = 60.0  # between two log lines
EVICTION_POLL_SECONDS = 0.5
SHUTDOWN_SECONDS = 1.5  # that all listeners wait for their last requests; Docker kills ten seconds after SIGTERM


def build_app(region: Region, script: FaultScript, settings: Settings, name: listener.Name) -> web.Application:
    """Return the application of an HTTP listener: `api` (API, OTLP, page, admin), `agent` (API) or `otlp`."""
    guard = request_guard.middleware(settings.allow_host, settings.allow_origin)
    app = web.Application(client_max_size=listener.BODY_MAX, middlewares=[watch_request, guard, listener.index_first])
    app[listener.REGION_KEY], app[listener.NAME_KEY], app[routes.FAULTS_KEY] = region, name, script
    if name != "agent":
        otlp.add_routes(app)
    if name == "otlp":
        return app
    routes.add_routes(app)
    if name == "api":
        admin.add_routes(app)
        page.add_routes(app)
    return app


async def serve(settings: Settings, ready: Callable[[Addresses], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once everything listens. StartError if it cannot."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as cleanup:
        store = _store(settings)
        cleanup.callback(store.close)
        facades = LambdaFacades(settings.lambda_) if settings.lambda_ else None
        region = Region(store=store, clock=time.time, name=settings.region, facades=facades)
        script = FaultScript()
        udp_socket, agent_socket = _bind_agent(settings)
        sockets: dict[listener.Name, socket.socket] = {
            "api": _bind(settings.host, settings.api_port, "API and page"),
            "agent": agent_socket,
            "otlp": _bind(settings.host, settings.otlp_port, "OTLP"),
        }
        connections = Connections(limit_by_descriptors())
        stops: list[Callable[[], Awaitable[None]]] = []
        cleanup.push_async_callback(_stop, stops)
        apps = {name: build_app(region, script, settings, name) for name in sockets}
        for name, bound in sockets.items():
            runner = await _runner(apps[name])
            stops.append(runner.cleanup)
            assert runner.server is not None
            cleanup.callback((await connections.listen(runner.server, bound)).close)
        ports = {name: bound.getsockname()[1] for name, bound in sockets.items()}
        grpc = _bind_grpc(settings, region)
        if grpc is not None:
            await grpc.start()
            stops.append(grpc.stop)
        datagrams = udp.UdpListener(region, udp_socket)
        datagrams.start()
        cleanup.callback(datagrams.stop)
        for background in (
            _watch_evictions(region),
            indexing.run(store, page.prepare(apps["api"])),
            connections.watch(),
        ):
            cleanup.callback(loop.create_task(background).cancel)
        grpc_port = grpc.port if grpc else None
        region.addresses = Addresses(settings.host, ports["api"], ports["agent"], ports["otlp"], grpc_port)
        ready(region.addresses)
        await stopping.wait()


async def _runner(app: web.Application) -> web.AppRunner:
    logger = listener.server_logger()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, logger=logger)
    await runner.setup()
    return runner


async def _stop(stops: list[Callable[[], Awaitable[None]]]) -> None:
    """Stop all listeners at the same time."""
    await asyncio.gather(*(stop() for stop in stops))


def _store(settings: Settings) -> Store:
    try:
        max_bytes = max_document_bytes() if settings.db == MEMORY else None
        return Store(settings.db, max_traces=settings.max_traces, max_bytes=max_bytes)
    except StoreFileError as error:
        raise StartError(str(error)) from error
    except StoreError as error:
        raise StartError(f"--db: {settings.db!r}: {error}") from error


def _bind(host: str, port: int, purpose: str) -> socket.socket:
    try:
        if ":" in host:  # `::` is all addresses, those of IPv4 as well
            return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server((host, port))
    except OSError as error:
        raise _cannot_listen(host, port, purpose, error) from error


def _cannot_listen(host: str, port: int, purpose: str, error: OSError) -> StartError:
    # create_server adds the address, which the message has; a name that cannot be resolved has a number below 0.
    reason = (
        os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error).partition(" (")[0]
    )
    is_port = error.errno in {errno.EADDRINUSE, errno.EACCES}
    cure = f" (set another with {_PORT_OPTIONS[purpose]})" if is_port else ""
    return StartError(f"cannot listen on {host} port {port} ({purpose}): {reason}{cure}")


def _bind_agent(settings: Settings) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket of the same port; for port 0 a number that is free for both."""
    for tries_left in reversed(range(AGENT_TRIES)):
        agent = _bind(settings.host, settings.agent_port, "agent, TCP")
        number = agent.getsockname()[1]
        try:
            return udp.bind(settings.host, number), agent
        except OSError as error:
            agent.close()
            if settings.agent_port or not tries_left:
                raise _cannot_listen(settings.host, number, "agent, UDP", error) from error
    raise AssertionError("the loop returns or raises")


def _bind_grpc(settings: Settings, region: Region) -> otlp_grpc.GrpcListener | None:
    """Return the listener of OTLP/gRPC, None if it is off or grpcio is not installed."""
    port = settings.otlp_grpc_port
    if port == "off" or (port == "auto" and not otlp_grpc.is_installed()):
        return None
    if not otlp_grpc.is_installed():
        raise StartError(f"--otlp-grpc-port: {port}: grpcio is not installed: expected xray-local[grpc]")
    if port == "auto":
        port = GRPC_PORT if settings.otlp_port == OTLP_PORT else 0
    _bind(settings.host, port, "OTLP/gRPC").close()  # grpcio would write its own lines about a taken port
    return otlp_grpc.GrpcListener(region, settings.host, port)


async def _watch_evictions(region: Region) -> None:
    logged = 0
    while True:
        if region.store.evicted > logged:
            logged = region.store.evicted
            limits = region.store.max_traces, region.store.max_bytes
            _log.warning("traces_evicted total=%d max_traces=%d max_bytes=%s", logged, *limits)
            await asyncio.sleep(EVICTION_LOG_SECONDS)
        logged = min(logged, region.store.evicted)  # a reset starts the count again
        await asyncio.sleep(EVICTION_POLL_SECONDS)
