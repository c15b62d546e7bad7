"""Statuses that another operator writes, too: neither overwrites the other's all the time.

Two operators without different classes manage the same resources, and may disagree about them: by their cluster ids, or
because each sees another region. The first overwriting may be a takeover; after it, an operator leaves the other's
status alone for a while and reports the conflict.
"""

import logging
from collections.abc import Callable, Container
from datetime import datetime, timedelta

from xray_operator.kubernetes.events import Event, EventRecorder
from xray_operator.kubernetes.resource import OPERATOR_FIELD, Key, Resource

logger = logging.getLogger("xray_operator")
YIELD_TIME = timedelta(minutes=10)


class OtherOperators:
    """Decides whether to overwrite a status; `identity` is this operator's in the statuses that it writes."""

    def __init__(self, identity: str, events: EventRecorder, now: Callable[[], datetime]) -> None:
        self.identity = identity
        self._events = events
        self._now = now
        self._overwritten: dict[Key, datetime] = {}
        self._yielded: set[Key] = set()

    def conflicts(self, resources: Container[Key]) -> int:
        """Return the number of these resources whose statuses another operator writes, too."""
        return sum(key in resources for key in self._yielded)

    def may_overwrite(self, resource: Resource) -> bool:
        """Return whether to write a status: always our own, and another operator's once in a while."""
        other, key, now = resource.status.get(OPERATOR_FIELD), resource.key, self._now()
        if other in {None, self.identity}:
            return True
        if key in self._overwritten and now - self._overwritten[key] < YIELD_TIME:
            self._report(resource, str(other))
            return False
        self._overwritten[key] = now
        self._yielded.discard(key)
        return True

    def _report(self, resource: Resource, other: str) -> None:
        if resource.key in self._yielded:
            return
        self._yielded.add(resource.key)
        message = f"the operator {other} manages this resource, too: expected another --class for each operator"
        self._events.record(resource, Event("OtherOperator", message, warning=True))
        logger.warning("operator.conflict", extra={"object": str(resource.key), "other": other})
