"""A gateway whose calls are checked first: writes by the leader only, and nothing in another account than expected."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from xray_operator.aws.errors import GatewayError
from xray_operator.aws.gateway import Gateway
from xray_operator.aws.objects import AwsObject, Kind, Statistics, Tags, Value
from xray_operator.reasons import Reason


def _allow() -> None:
    pass


class GuardedGateway:
    """Calls `before_read` before each list and `before_write` before each write; they raise GatewayError to refuse it.

    `writing` is the number of writes under way, which no check can stop.
    """

    def __init__(
        self, gateway: Gateway, *, before_read: Callable[[], None] = _allow, before_write: Callable[[], None] = _allow
    ) -> None:
        self._gateway = gateway
        self._before_read = before_read
        self._before_write = before_write
        self._lock = threading.Lock()
        self.writing = 0

    def rules(self) -> Sequence[AwsObject]:
        """Read all sampling rules."""
        self._before_read()
        return self._gateway.rules()

    def groups(self) -> Sequence[AwsObject]:
        """Read all groups."""
        self._before_read()
        return self._gateway.groups()

    def tags(self, arn: str) -> Tags:
        """Read a resource's tags."""
        return self._gateway.tags(arn)

    def create(self, value: Value, tags: Tags) -> str:
        """Create a rule or a group."""
        with self._write():
            return self._gateway.create(value, tags)

    def update(self, value: Value) -> None:
        """Send every updatable field."""
        with self._write():
            self._gateway.update(value)

    def delete(self, kind: Kind, arn: str) -> None:
        """Delete by ARN."""
        with self._write():
            self._gateway.delete(kind, arn)

    def tag(self, arn: str, tags: Tags) -> None:
        """Add tags."""
        with self._write():
            self._gateway.tag(arn, tags)

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags."""
        with self._write():
            self._gateway.untag(arn, keys)

    def statistics(self) -> Mapping[str, Statistics]:
        """Sum AWS's windows by rule."""
        return self._gateway.statistics()

    @contextmanager
    def _write(self) -> Iterator[None]:
        """Count a write before it is checked: whoever sees none under way after a check has failed can rely on it."""
        with self._lock:
            self.writing += 1
        try:
            self._before_write()
            yield
        finally:
            with self._lock:
                self.writing -= 1


def leader_only(is_leader: Callable[[], bool]) -> Callable[[], None]:
    """Return a check that another process has not become the leader."""

    def check() -> None:
        if not is_leader():
            raise GatewayError(Reason.INTERNAL_ERROR, "not sent: this process no longer leads")

    return check
