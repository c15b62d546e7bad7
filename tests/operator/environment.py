"""The operator's parts around an in-memory AWS and an in-memory Kubernetes, for passes without a cluster."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from tests.fakes import InMemoryGateway
from tests.operator.in_memory_kubernetes import RULE, START, InMemoryKubernetes, rule
from xray_operator.aws.objects import Kind, Value
from xray_operator.aws.rate_limit import TokenBucket
from xray_operator.aws.reader import AwsReader
from xray_operator.aws.state import DOUBT_SECONDS, AwsState
from xray_operator.controller.decision import Config
from xray_operator.controller.deletion import Deletion
from xray_operator.controller.reconciler import Reconciler
from xray_operator.kubernetes.events import EventRecorder
from xray_operator.kubernetes.resource import PREVIOUS_ANNOTATION, Key, from_body
from xray_operator.kubernetes.resource_cache import ResourceCache
from xray_operator.plan.writer import AwsWriter
from xray_operator.status.reporter import Reporter

AWS_WRITES = frozenset({"create", "update", "delete", "tag", "untag"})
KUBERNETES_WRITES = frozenset({"claim", "remove_finalizer", "status"})


def describe_conditions(status: Mapping[str, Any]) -> dict[str, str]:
    """Return a status's conditions by type as `True InSync`, followed by the message if there is one."""
    return {
        condition["type"]: " ".join(filter(None, (condition["status"], condition["reason"], condition["message"])))
        for condition in status.get("conditions", [])
    }


def not_ready(progress: str, reason: str) -> dict[str, str]:
    """Return the conditions of an object that is `Reconciling` or `Stalled`, with a reason and message."""
    return {"Ready": f"False {reason}", progress: f"True {reason}", "Synced": f"False {reason}"}


class Environment:
    """One operator without its loop; `after` is the operator that ran before it.

    `log` has every call to AWS and every write to Kubernetes, in their order.
    """

    def __init__(
        self,
        clock: Callable[[], float] | None = None,
        rule_quota: int = 25,
        after: "Environment | None" = None,
        cluster_id: str = "local",
    ) -> None:
        self.log: list[str] = after.log if after else []
        self.aws: InMemoryGateway = after.aws if after else InMemoryGateway()
        self.cluster: InMemoryKubernetes = after.cluster if after else InMemoryKubernetes(self.log)
        self.aws.calls = self.log
        self.seconds: float = after.seconds if after else 0.0
        sleep = asyncio.sleep if clock else self._sleep
        clock = clock or (lambda: self.seconds)
        self.now: Callable[[], datetime] = lambda: START + timedelta(seconds=clock())
        self.meanwhile: Callable[[], None] = lambda: None  # runs while the operator sleeps before it reads again
        self.pool = ThreadPoolExecutor(4)
        reader = AwsReader(self.aws, self.pool)
        doubt = DOUBT_SECONDS if after else 0.0
        self.state = AwsState(reader, interval=60, clock=clock, draw=lambda: 1.0, inherited_doubt=doubt)
        bucket = TokenBucket(rate=1000, burst=1000, clock=clock)
        writer = AwsWriter(self.aws, self.state, bucket, self.pool)
        self.cache = ResourceCache()
        self.events = EventRecorder(self.cluster, self.now)
        config = Config(cluster_id, {"rule": rule_quota, "group": 25}, self.now)
        self.quotas = config.quotas
        self.reporter = Reporter(
            self.state,
            self.cluster,
            self.cache,
            self.events,
            operator=f"{cluster_id}/us-east-1",
            quotas=config.quotas,
            now=self.now,
        )
        deletion = Deletion(self.state, writer, cluster_id=cluster_id, sleep=sleep)
        self.reconciler = Reconciler(self.state, writer, self.cluster, self.cache, self.reporter, deletion, config)

    async def _sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.meanwhile()

    def create_in_aws(self, value: Value, tags: Mapping[str, str] | None = None) -> str:
        """Create an object in AWS outside the operator and return its ARN."""
        arn = self.aws.create(value, tags or {})
        self.log.clear()
        return arn

    def edit_in_aws(self, kind: Kind, name: str, **fields: Any) -> None:
        """Change an object in AWS outside the operator; the fields have AWS's names."""
        self.aws.values[kind, name] = self.aws.values[kind, name].updated(fields)

    async def run_pass(self, key: Key = RULE, *, fresh: bool = False) -> bool:
        """Make one pass as the controller does and return whether to retry it; `fresh` reads AWS first."""
        if fresh:
            await self.state.refresh()
        self.list_resources()
        await self.state.settle()
        again = await self.reconciler.reconcile(self.cache.resources[key])
        await self.create_events()
        return again

    def list_resources(self) -> None:
        """Update the cache from the cluster."""
        for key in [*self.cache.resources]:
            if key not in self.cluster.bodies:
                self.cache.drop(key)
        for key, body in self.cluster.bodies.items():
            self.cache.put(from_body(body, self.cache.resources.get(key)))

    async def create_events(self) -> None:
        """Create the queued events."""
        posting = asyncio.create_task(self.events.run())
        await self.events.flush()
        posting.cancel()

    def writes(self, calls: Iterable[str] = AWS_WRITES) -> list[str]:
        """Return the calls since the last time that wrote to AWS, or are among `calls`."""
        found = [call for call in self.log if call in calls]
        self.log.clear()
        return found

    def patches(self) -> list[str]:
        """Return the PATCHes to Kubernetes since the last time."""
        return self.writes(KUBERNETES_WRITES)

    def status(self, key: Key = RULE) -> dict[str, Any]:
        """Return an object's status in the cluster."""
        found: dict[str, Any] = self.cluster.bodies[key].get("status", {})
        return found

    def conditions(self, key: Key = RULE) -> dict[str, str]:
        """Return an object's conditions as `True InSync`, followed by the message if there is one."""
        return describe_conditions(self.status(key))

    def previous(self, key: Key = RULE) -> Any:
        """Return the previous value in an object's annotation; None if there is none."""
        text = self.cluster.bodies[key]["metadata"]["annotations"].get(PREVIOUS_ANNOTATION)
        return None if text is None else json.loads(text)

    def finalizers(self, key: Key = RULE) -> list[str]:
        """Return an object's finalizers."""
        return list(self.cluster.bodies[key]["metadata"].get("finalizers", []))


async def managed(manifest: Mapping[str, Any] | None = None) -> Environment:
    """Return an environment with an object in sync, by default a rule, and an empty log."""
    environment = Environment()
    await environment.run_pass(environment.cluster.apply(manifest or rule()))
    environment.log.clear()
    return environment
