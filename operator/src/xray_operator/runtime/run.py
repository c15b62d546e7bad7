"""`xray-operator run`: logging, the probes, and one operator at a time: while this process leads, until a signal."""

import asyncio
import logging
import os
import secrets
import socket
import sys

from pythonjsonlogger.json import JsonFormatter

from xray_operator.aws.boto_gateway import connect
from xray_operator.aws.gateway import Gateway
from xray_operator.aws.guards import AccountCheck, Terms
from xray_operator.kubernetes.api import KubernetesApi
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.credentials import find_credentials
from xray_operator.kubernetes.lease import LeaseApi
from xray_operator.runtime.leader_election import LeaderElector
from xray_operator.runtime.metrics import Calls, ProcessCollector, render
from xray_operator.runtime.operator import Operator
from xray_operator.runtime.probes import Probes
from xray_operator.runtime.signals import wait_for_signal
from xray_operator.settings import Settings

logger = logging.getLogger("xray_operator")


class StartError(Exception):
    """The operator cannot start; the text is one line."""


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. StartError if something is missing; GatewayError without a region."""
    _configure_logging(settings.log_level)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    calls = Calls()
    gateway = connect(
        settings.region, settings.endpoint, attempts=1, read_seconds=settings.aws_timeout, on_call=calls.count
    )
    process = Process(settings, gateway, calls)
    try:
        await process.run()
    finally:
        await process.close()


class Process:
    """The operator's process: a standby until it leads, if there is an election."""

    def __init__(self, settings: Settings, gateway: Gateway, calls: Calls) -> None:
        self._settings = settings
        self._calls = calls
        self._elector, self._leases = _election(settings)
        self._gateway = gateway
        check = AccountCheck(gateway, settings.account, self._report_account, asks=not settings.endpoint)
        self._terms = Terms(gateway, self._may_write, before_read=check)
        self._kubernetes = KubernetesApi(find_credentials, self._may_write)
        self._operator: Operator | None = None
        self._probes = Probes(alive=self._is_alive, ready=self._is_ready, notes=self._notes, metrics=self._metrics)

    async def run(self) -> None:
        """Run until a signal; StartError if the CRDs are missing or the port is taken."""
        await self._check_crds()
        port = await self._listen()
        logger.info("operator.started", extra={"port": port})
        if self._elector is None:
            self._operator = self._new_operator()
            await self._operator.run()
            return
        while await self._is_elected(self._elector):
            if await self._lead(self._elector):
                return

    async def _is_elected(self, elector: LeaderElector) -> bool:
        """Stand by until this process leads; False after a signal."""
        acquiring = asyncio.create_task(elector.acquire(), name="standby")
        signalled = asyncio.create_task(wait_for_signal(), name="signals")
        await asyncio.wait({acquiring, signalled}, return_when=asyncio.FIRST_COMPLETED)
        if signalled.done():
            await _cancel(acquiring)
            await self._release(elector)
            return False
        await _cancel(signalled)
        await acquiring
        return True

    async def _lead(self, elector: LeaderElector) -> bool:
        """Work as the leader; True after a signal, False when another process may lead."""
        # kopf cancels all tasks that are newer than its own when it ends.
        keeping = asyncio.create_task(elector.keep(), name="leader")
        self._operator = self._new_operator()
        working = asyncio.create_task(self._operator.run(), name="operator")
        try:
            await asyncio.wait({keeping, working}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
            return working.done() or self._operator.is_stopping
        finally:
            await _cancel(working)
            await _cancel(keeping)
            self._operator = None
            await self._release(elector)

    def _new_operator(self) -> Operator:
        return Operator(self._settings, self._terms.begin(), self._kubernetes)

    async def _release(self, elector: LeaderElector) -> None:
        """Release the Lease, unless a write is under way: then the next leader waits for the Lease's end."""
        if not self._terms.is_writing:
            await elector.release()

    def _report_account(self, account: str) -> None:
        where = {"region": self._gateway.region, "endpoint": self._gateway.endpoint}
        logger.info("aws.account", extra={"account": account, **where})

    def _may_write(self) -> bool:
        return self._elector is None or self._elector.is_leader

    def _is_alive(self) -> bool:
        return self._operator is None or self._operator.is_alive

    def _is_ready(self) -> bool:
        """Return whether AWS was read; a standby is ready when it knows the leader."""
        if self._operator is not None:
            return self._operator.is_ready
        return self._elector is not None and self._elector.leader is not None

    def _notes(self) -> list[str]:
        if self._operator is not None:
            return self._operator.notes
        leader = self._elector.leader if self._elector else None
        return [f"standby; the leader is {leader}" if leader else "standby; no process leads"]

    def _metrics(self) -> bytes:
        operator = self._operator
        process = ProcessCollector(self._calls, is_leader=operator is not None and self._may_write())
        return render(process, *([operator.collector] if operator else []))

    async def close(self) -> None:
        """Close the connections and the listener."""
        await self._probes.stop()
        await self._kubernetes.close()
        if self._leases is not None:
            await self._leases.close()

    async def _check_crds(self) -> None:
        try:
            missing = await self._kubernetes.missing_kinds()
        except KubernetesError as error:
            raise StartError(str(error)) from error
        if missing:
            raise StartError(
                f"the cluster does not serve {', '.join(missing)}: expected their CRDs (charts/cruddur/crds)"
            )

    async def _listen(self) -> int:
        host, port = self._settings.listen
        try:
            return await self._probes.start(host, port)
        except OSError as error:
            address = f"{host}:{port}"
            # asyncio's texts repeat the address; a resolver's errors have negative numbers of their own.
            reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else error.strerror
            raise StartError(f"--listen: {address!r}: {reason}: expected an unused address") from error


def _election(settings: Settings) -> tuple[LeaderElector | None, LeaseApi | None]:
    if settings.lease is None:
        return None, None
    leases = LeaseApi(find_credentials, *settings.lease)
    identity = settings.identity or f"{socket.gethostname()}_{secrets.token_hex(4)}"
    return LeaderElector(leases, identity, settings.lease_seconds), leases


async def _cancel(task: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _without_kopf_traceback(record: logging.LogRecord) -> bool:
    """Drop the tracebacks of kopf's tasks: the supervisor logs the error, and starts them again."""
    if record.name.partition(".")[0] in {"kopf", "asyncio"}:
        record.exc_info = None
    return True


def _configure_logging(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_kopf_traceback)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            json_default=str,  # kopf logs objects of its own at the level debug
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger", "message": "event"},
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level != "debug":  # kopf logs each object and each task
        logging.getLogger("kopf").setLevel(logging.WARNING)
        logging.getLogger("aiohttp").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)
