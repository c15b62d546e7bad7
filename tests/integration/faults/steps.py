"""The steps of a schedule as values: what people do, what goes wrong, and pauses; `do` makes one come true."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tests.integration.faults.hands import Hands
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.world import Key, Wanted
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess
from xray_operator.aws.objects import Target, Value


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a step may act on."""

    hands: Hands
    operator: OperatorProcess
    cluster: Cluster
    proxy: Proxy


class Step(Protocol):
    """One step; its repr is what a failure shows."""

    def do(self, stage: Stage) -> None:
        """Make it so."""
        ...


@dataclass(frozen=True, slots=True)
class Foreign:
    """Somebody else makes an object in AWS."""

    value: Value
    tags: Mapping[str, str]

    def do(self, stage: Stage) -> None:
        """Make it so."""
        stage.hands.foreign(self.value, self.tags)


@dataclass(frozen=True, slots=True)
class Apply:
    """Somebody applies a resource, a new one or a changed one."""

    wanted: Wanted

    def do(self, stage: Stage) -> None:
        """Make it so."""
        stage.hands.apply(self.wanted)


@dataclass(frozen=True, slots=True)
class Delete:
    """Somebody deletes a resource; `perhaps` is what may be left in AWS, if that depends on how far the operator is."""

    key: Key
    perhaps: tuple[Value, ...] = ()

    def do(self, stage: Stage) -> None:
        """Make it so."""
        stage.hands.delete(self.key, perhaps=self.perhaps)


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody changes an object of ours in AWS."""

    value: Value

    def do(self, stage: Stage) -> None:
        """Make it so."""
        stage.hands.edit(self.value)


@dataclass(frozen=True, slots=True)
class Remove:
    """Somebody deletes an object of ours in AWS."""

    target: Target

    def do(self, stage: Stage) -> None:
        """Make it so."""
        stage.hands.remove(self.target)


@dataclass(frozen=True, slots=True)
class Disturb:
    """AWS is about to misbehave."""

    faults: tuple[Mapping[str, Any], ...]

    def do(self, stage: Stage) -> None:
        """Make it so."""
        aws = stage.hands.aws
        aws.script([*aws.faults(), *self.faults])


@dataclass(frozen=True, slots=True)
class Cut:
    """The watches end; with `gone` they cannot go on from where they were."""

    gone: bool
    hold: float

    def do(self, stage: Stage) -> None:
        """Make it so."""
        stage.proxy.cut(gone=self.gone, hold=self.hold)


@dataclass(frozen=True, slots=True)
class StopApiServer:
    """The API server goes away and comes back."""

    seconds: float

    def do(self, stage: Stage) -> None:
        """Make it so."""
        stage.cluster.stop_api_server()
        time.sleep(self.seconds)
        stage.cluster.restart_api_server()


@dataclass(frozen=True, slots=True)
class Kill:
    """The operator dies and is started again."""

    def do(self, stage: Stage) -> None:
        """Make it so."""
        stage.operator.restart()


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing happens for a while."""

    seconds: float

    def do(self, stage: Stage) -> None:
        """Make it so."""
        time.sleep(self.seconds)
