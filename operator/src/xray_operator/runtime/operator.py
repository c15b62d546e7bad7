"""The parts of one operator, from the start of its work to its end: a process has a new one each time it leads."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

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
from xray_operator.kubernetes.credentials import find_credentials
from xray_operator.kubernetes.events import EventRecorder
from xray_operator.kubernetes.finalizers import Scope
from xray_operator.kubernetes.resource_cache import ResourceCache
from xray_operator.manifests.kinds import KINDS, QUOTAS
from xray_operator.plan.writer import AwsWriter
from xray_operator.runtime import kopf_watch
from xray_operator.runtime.metrics import OperatorCollector
from xray_operator.runtime.shutdown import NamespaceShutdown
from xray_operator.runtime.watch_session import WatchSessions
from xray_operator.runtime.watch_supervisor import WatchSupervisor
from xray_operator.settings import Settings
from xray_operator.status.reporter import Reporter

AWS_THREADS = 4
DEAD_SECONDS = 300.0  # more than two requests of a watch
EXIT_SECONDS = 13.0  # besides one call to AWS: for passes under way and the shutdown; the chart's pod adds two


class Operator:
    """Watches the resources and reconciles them. It starts empty, as a restarted process does."""

    def __init__(self, settings: Settings, gateway: Gateway, kubernetes: KubernetesApi) -> None:
        quotas: Mapping[Kind, int] = {**QUOTAS, "rule": settings.rule_quota}
        config = Config(settings.cluster_id, quotas, _now)
        self._exit_seconds = settings.aws_timeout + EXIT_SECONDS
        self._pool = ThreadPoolExecutor(AWS_THREADS, thread_name_prefix="aws")
        cache = ResourceCache()
        bucket = TokenBucket(rate=settings.write_rate, burst=settings.write_burst, clock=time.monotonic)
        state = AwsState(AwsReader(gateway, self._pool), interval=settings.interval, clock=time.monotonic)
        writer = AwsWriter(gateway, state, bucket, self._pool)
        events = EventRecorder(kubernetes, _now)
        identity = f"{settings.cluster_id}/{gateway.region}"
        reporter = Reporter(state, kubernetes, cache, events, operator=identity, quotas=quotas, now=_now)
        deletion = Deletion(state, writer, cluster_id=settings.cluster_id)
        reconciler = Reconciler(state, writer, kubernetes, cache, reporter, deletion, config)
        self._state = state
        self._controller = Controller(state, cache, reconciler, events, interval=settings.interval)
        self._sessions = WatchSessions(find_credentials)
        handlers = kopf_watch.registry(self._controller, self._sessions, settings.class_)
        self._watches = WatchSupervisor(partial(kopf_watch.run, handlers), kubernetes.may_watch, settings.namespaces)
        self._shutdown = NamespaceShutdown(
            kubernetes,
            cache,
            reconciler,
            state,
            namespace=settings.home_namespace,
            scope=Scope(settings.namespaces, resource_class=settings.class_),
            seconds=settings.aws_timeout,
        )
        self.is_stopping = False
        self.collector = OperatorCollector(state, cache, reporter, quotas, lambda: self._watches.forbidden)

    async def run(self) -> None:
        """Work until a signal, then finish the passes under way; cancelled, end without finishing them."""
        try:
            self._controller.start()
            await self._watches.run()
            self.is_stopping = True
            asyncio.get_running_loop().call_later(self._exit_seconds, os.kill, os.getpid(), signal.SIGKILL)
            await self._controller.stop()
            await self._shutdown.run()
        finally:
            await self._controller.cancel()
            self._pool.shutdown(wait=False, cancel_futures=True)  # calls to AWS under way are not awaited

    @property
    def is_alive(self) -> bool:
        """Whether the tasks run, and kopf has requested each list lately, of which a failed watch may keep it."""
        if self._watches.age < DEAD_SECONDS:
            return self._controller.is_alive
        expected = len(KINDS) * max(1, len(self._watches.watched))
        return self._controller.is_alive and self._sessions.requested(DEAD_SECONDS) >= expected

    @property
    def is_ready(self) -> bool:
        """Whether AWS has been read."""
        return self._state.read_at is not None

    @property
    def notes(self) -> list[str]:
        """What does not work, though the operator is ready."""
        return [f"no permission in namespace {name}" for name in self._watches.forbidden]


def _now() -> datetime:
    return datetime.now(UTC)
