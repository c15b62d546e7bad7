"""Reads of AWS that do not block the event loop: boto3 runs in a thread pool."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from xray_operator.aws.errors import GatewayError
from xray_operator.aws.gateway import Gateway
from xray_operator.aws.objects import AwsObject, Statistics, Tags, Target

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything in the region; `statistics` is None when they could not be read."""

    objects: Mapping[Target, AwsObject]
    statistics: Mapping[str, Statistics] | None


class AwsReader:
    """Reads through a gateway; each call raises GatewayError."""

    def __init__(self, gateway: Gateway, pool: Executor) -> None:
        self._gateway = gateway
        self._pool = pool

    async def snapshot(self) -> Snapshot:
        """Read all rules and groups, and the statistics if they are allowed."""
        return await self._run(self._snapshot)

    async def tags(self, arn: str) -> Tags:
        """Read the tags of one object."""
        return await self._run(lambda: self._gateway.tags(arn))

    def _snapshot(self) -> Snapshot:
        objects = {found.target: found for found in (*self._gateway.rules(), *self._gateway.groups())}
        try:
            return Snapshot(objects, self._gateway.statistics())
        except GatewayError:  # their permission is optional; the metric of calls counts the error
            return Snapshot(objects, None)

    async def _run(self, call: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)
