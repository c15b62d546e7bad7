"""The steps of a schedule as values: what users do, what fails, and pauses."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tests.integration.faults.actions import Actions
from tests.integration.faults.environment import Key, Wanted
from tests.integration.faults.pair import Change, OperatorPair
from tests.integration.faults.proxy import Proxy
from tools.local_cluster import Cluster
from xray_operator.aws.objects import Target, Value


@dataclass(frozen=True, slots=True)
class Context:
    """What a step may act on."""

    actions: Actions
    operators: OperatorPair
    cluster: Cluster
    proxy: Proxy


class Step(Protocol):
    """One step; its repr is what a failure shows."""

    def do(self, context: Context) -> None:
        """Carry out the step."""
        ...


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another client creates an object in AWS."""

    value: Value
    tags: Mapping[str, str]

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.actions.foreign(self.value, self.tags)


@dataclass(frozen=True, slots=True)
class Apply:
    """A user applies a new or changed resource."""

    wanted: Wanted

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.actions.apply(self.wanted)


@dataclass(frozen=True, slots=True)
class Delete:
    """A user deletes a resource; `possible` are the values that AWS may keep, where that depends on timing."""

    key: Key
    possible: tuple[Value, ...] = ()

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.actions.delete(self.key, possible=self.possible)


@dataclass(frozen=True, slots=True)
class Edit:
    """Another client changes a managed object in AWS."""

    value: Value

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.actions.edit(self.value)


@dataclass(frozen=True, slots=True)
class Remove:
    """Another client deletes a managed object in AWS."""

    target: Target

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.actions.remove(self.target)


@dataclass(frozen=True, slots=True)
class Disturb:
    """AWS answers the next calls with faults."""

    faults: tuple[Mapping[str, Any], ...]

    def do(self, context: Context) -> None:
        """Carry out the step."""
        aws = context.actions.aws
        aws.script([*aws.faults(), *self.faults])


@dataclass(frozen=True, slots=True)
class Cut:
    """The watches end; with `gone` they cannot resume."""

    gone: bool
    hold: float

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.proxy.cut(gone=self.gone, hold=self.hold)


@dataclass(frozen=True, slots=True)
class StopApiServer:
    """The API server stops and starts again."""

    seconds: float

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.cluster.stop_api_server()
        time.sleep(self.seconds)
        context.cluster.restart_api_server()


@dataclass(frozen=True, slots=True)
class Kill:
    """The leader is killed and started again."""

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.operators.restart_leader()


@dataclass(frozen=True, slots=True)
class ChangeLeader:
    """The leader is killed, ended or frozen until the other leads."""

    how: Change

    def do(self, context: Context) -> None:
        """Carry out the step."""
        context.operators.change_leader(self.how)


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing happens for some time."""

    seconds: float

    def do(self, context: Context) -> None:
        """Carry out the step."""
        time.sleep(self.seconds)
