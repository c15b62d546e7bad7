"""`xray-operator run`: builds the parts and runs them under kopf until a signal."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from pythonjsonlogger.json import JsonFormatter

from xray_operator.aws.boto_gateway import connect
from xray_operator.aws.gateway import Gateway
from xray_operator.aws.objects import Kind
from xray_operator.aws.rate_limit import TokenBucket
from xray_operator.aws.reader import AwsReader
from xray_operator.aws.state import AwsState
from xray_operator.controller.controller import Controller
from xray_operator.controller.decision import Config
from xray_operator.controller.deletion import Deletion
from xray_operator.controller.reconciler import Reconciler
from xray_operator.kubernetes.api import KubernetesApi
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.credentials import find_credentials
from xray_operator.kubernetes.events import EventRecorder
from xray_operator.kubernetes.resource_cache import ResourceCache
from xray_operator.manifests.kinds import KINDS, QUOTAS
from xray_operator.plan.writer import AwsWriter
from xray_operator.runtime import kopf_watch, metrics
from xray_operator.runtime.metrics import Calls, OperatorCollector
from xray_operator.runtime.probes import Probes
from xray_operator.runtime.shutdown import NamespaceShutdown
from xray_operator.runtime.watch_session import WatchSessions
from xray_operator.runtime.watch_supervisor import WatchSupervisor
from xray_operator.settings import Settings
from xray_operator.status.reporter import Reporter

logger = logging.getLogger("xray_operator")
AWS_THREADS = 4
DEAD_SECONDS = 300.0  # more than two requests of a watch
EXIT_SECONDS = 13.0  # besides one call to AWS: for passes under way and the shutdown; the chart's pod adds two


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
    operator = Operator(settings, gateway, calls)
    try:
        await operator.run()
    finally:
        await operator.close()


class Operator:
    """The parts of one operator, built once."""

    def __init__(self, settings: Settings, gateway: Gateway, calls: Calls) -> None:
        self._settings = settings
        quotas: Mapping[Kind, int] = {**QUOTAS, "rule": settings.rule_quota}
        config = Config(settings.cluster_id, quotas, _now)
        self._pool = ThreadPoolExecutor(AWS_THREADS, thread_name_prefix="aws")
        self._kubernetes, cache = KubernetesApi(find_credentials), ResourceCache()
        bucket = TokenBucket(rate=settings.write_rate, burst=settings.write_burst, clock=time.monotonic)
        state = AwsState(AwsReader(gateway, self._pool), interval=settings.interval, clock=time.monotonic)
        writer = AwsWriter(gateway, state, bucket, self._pool)
        events = EventRecorder(self._kubernetes, _now)
        reporter = Reporter(state, self._kubernetes, cache, events, quotas=quotas, now=_now)
        deletion = Deletion(state, writer, cluster_id=settings.cluster_id)
        reconciler = Reconciler(state, writer, self._kubernetes, cache, reporter, deletion, config)
        self._controller = Controller(state, cache, reconciler, events, interval=settings.interval)
        self._sessions = WatchSessions(find_credentials)
        handlers = kopf_watch.registry(self._controller, self._sessions)
        self._watches = WatchSupervisor(
            partial(kopf_watch.run, handlers), self._kubernetes.may_watch, settings.namespaces
        )
        self._shutdown = NamespaceShutdown(
            self._kubernetes,
            cache,
            reconciler,
            state,
            namespace=settings.home_namespace,
            watched=settings.namespaces,
            seconds=settings.aws_timeout,
        )
        collector = OperatorCollector(calls, state, cache, reporter, quotas, lambda: self._watches.forbidden)
        self._probes = Probes(
            alive=self._is_alive,
            ready=lambda: state.read_at is not None,
            notes=lambda: [f"no permission in namespace {name}" for name in self._watches.forbidden],
            metrics=lambda: metrics.render(collector),
        )

    async def run(self) -> None:
        """Run until a signal; StartError if the CRDs are missing or the port is taken."""
        await self._check_crds()
        port = await self._listen()
        logger.info("operator.started", extra={"port": port})
        self._controller.start()
        await self._watches.run()
        exit_seconds = self._settings.aws_timeout + EXIT_SECONDS
        asyncio.get_running_loop().call_later(exit_seconds, os.kill, os.getpid(), signal.SIGKILL)
        await self._controller.stop()
        await self._shutdown.run()

    def _is_alive(self) -> bool:
        """Return whether the tasks run, and kopf has requested each list lately: it may hang when a watch fails."""
        if self._watches.age < DEAD_SECONDS:
            return self._controller.is_alive
        expected = len(KINDS) * max(1, len(self._watches.watched))
        return self._controller.is_alive and self._sessions.requested(DEAD_SECONDS) >= expected

    async def close(self) -> None:
        """Close the connections and the listener; calls to AWS under way are not awaited."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        await self._probes.stop()
        await self._kubernetes.close()

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


def _now() -> datetime:
    return datetime.now(UTC)


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
