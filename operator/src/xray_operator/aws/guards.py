"""A gateway whose calls are checked first: writes by the leader only, and nothing in another account than expected."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from xray_operator.aws.errors import GatewayError
from xray_operator.aws.gateway import Gateway
from xray_operator.aws.objects import AwsObject, Kind, Statistics, Tags, Value
from xray_operator.reasons import Reason

UNKNOWN = "unknown"


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

    @property
    def region(self) -> str:
        """The AWS region."""
        return self._gateway.region

    @property
    def endpoint(self) -> str:
        """The URL of the X-Ray API."""
        return self._gateway.endpoint

    def account(self) -> str:
        """Read the account of the credentials."""
        return self._gateway.account()

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
        """Count a write before it is checked, so that after a failed check no uncounted write can begin."""
        with self._lock:
            self.writing += 1
        try:
            self._before_write()
            yield
        finally:
            with self._lock:
                self.writing -= 1


class Terms:
    """Makes a gateway for each term of this process as the leader; only the latest one writes, while `may_write`.

    A call to AWS cannot be cancelled: what was begun in an earlier term must not write again in a later one.
    """

    def __init__(
        self, gateway: Gateway, may_write: Callable[[], bool], *, before_read: Callable[[], None] = _allow
    ) -> None:
        self._gateway = gateway
        self._may_write = may_write
        self._before_read = before_read
        self._latest = 0
        self._guarded: list[GuardedGateway] = []  # the latest one, and those with writes under way

    @property
    def is_writing(self) -> bool:
        """Whether a write is under way, of any term."""
        return any(gateway.writing for gateway in self._guarded)

    def begin(self) -> GuardedGateway:
        """Begin a term, and end the earlier ones."""
        self._latest += 1
        check = partial(self._check, self._latest)
        gateway = GuardedGateway(self._gateway, before_read=self._before_read, before_write=check)
        self._guarded = [*(earlier for earlier in self._guarded if earlier.writing), gateway]
        return gateway

    def _check(self, term: int) -> None:
        if term != self._latest or not self._may_write():
            raise GatewayError(Reason.INTERNAL_ERROR, "not sent: this process no longer leads")


class AccountCheck:
    """A check that the credentials are of the expected account; `report` receives the account once it is known.

    Without an expected account, the account is only reported: as `unknown` if it cannot be read, or if `asks` is
    false, as where the endpoint is not AWS's and STS does not know the credentials.
    """

    def __init__(self, gateway: Gateway, expected: str, report: Callable[[str], None], *, asks: bool) -> None:
        self._gateway = gateway
        self._expected = expected
        self._report = report
        self._asks = asks
        self._lock = threading.Lock()
        self._account: str | None = None

    def __call__(self) -> None:
        """Raise GatewayError in another account, or if the expected one cannot be verified."""
        with self._lock:
            if self._account is None:
                self._account = self._read()
                self._report(self._account)
        if self._expected and self._account != self._expected:
            message = f"the credentials are of account {self._account}: expected {self._expected} (--account)"
            raise GatewayError(Reason.WRONG_ACCOUNT, message)

    def _read(self) -> str:
        if not (self._expected or self._asks):
            return UNKNOWN
        try:
            return self._gateway.account()
        except GatewayError:
            if self._expected:
                raise
            return UNKNOWN
