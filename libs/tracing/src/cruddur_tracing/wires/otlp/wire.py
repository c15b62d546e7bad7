"""The wire `otlp`: encodes the spans that have ended; one thread of the process sends what is queued."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value

from cruddur_tracing.recording.span import Span
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.forks import restart_in_children
from cruddur_tracing.resilience.threads import WakeableThread
from cruddur_tracing.wires.otlp.batches import Batches, Ends, Group
from cruddur_tracing.wires.otlp.delivery import LOST, REFUSED, Delivery
from cruddur_tracing.wires.otlp.protobuf.spans import encode_resource, encode_scope, encode_span
from cruddur_tracing.wires.otlp.settings import OtlpSettings

QUEUE_BYTES: Final = 48 << 20  # 7 seconds of 25,000 small spans a second
# A process that is killed loses what ended in the sum of both. A burst that has only begun is left to the requests: the
# thread delays those that run meanwhile, and would by twice as long if it encoded the burst too.
DELAY_SECONDS: Final = 0.2
HELD_SECONDS: Final = 0.02
QUIET_ROUNDS: Final = 50  # without a span, after which the thread rests

_KNOWN_MAX: Final = 256  # resources or scopes
_NOTHING: Final = (b"", b"")


class OtlpWire:
    """Sends to one endpoint. `queue_bytes` bounds what waits.

    `collect` is called before something is sent, for the spans that are held back elsewhere; it may leave those
    held for less than the seconds that it is given.

    The thread runs five times a second, and a request has to wake it only after ten seconds without a span: a thread
    that is woken in the middle of a request competes with it for the interpreter.
    """

    def __init__(
        self,
        settings: OtlpSettings,
        failures: Failures,
        *,
        queue_bytes: int = QUEUE_BYTES,
        collect: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._collect = collect
        self._failures = failures
        self._queue_bytes = queue_bytes
        self._resources = _Ends(encode_resource)
        self._scopes = _Ends(encode_scope)
        self._latest: tuple[Any, Any, Group] = (None, None, (_NOTHING, _NOTHING))
        self._begin()
        restart_in_children(self)

    def ended(self, span: Span) -> None:
        """Encode a span that has just ended; it is sent within 200 ms."""
        of_resource, of_scope = span.recording.pipeline.resource, span._instrumentation_scope
        resource, scope, group = self._latest
        if resource is not of_resource or scope is not of_scope:
            group = self._resources.of(of_resource), self._scopes.of(of_scope)
            self._latest = of_resource, of_scope, group
        dropped, ended_rest = self._batches.add(group, encode_span(span))
        if dropped:
            self._delivery.lose(dropped)
        if ended_rest and not self._thread.start_or_wake():  # the next span tries again
            self._batches.resting = True

    def flush(self, seconds: float) -> bool:
        """Send what is queued now, and return whether the backend accepted all of it in that time."""
        self._collect(0.0)
        losses, added = self._losses(), self._batches.added
        deadline = time.monotonic() + seconds

        def is_done() -> bool:
            return self._batches.finished >= added

        if not self._thread.is_alive:
            self._send_until(deadline)
        elif not is_done():
            self._thread.wake()
            with self._progress:
                self._progress.wait_for(is_done, max(0.0, deadline - time.monotonic()))
        return is_done() and self._losses() == losses

    def begin_shutdown(self, deadline: float) -> None:
        """Let the thread send what is queued until `deadline` on the monotonic clock."""
        self._delivery.limit(deadline)
        self._thread.wake()

    def shutdown(self, seconds: float) -> None:
        """Send what is queued within that time, count the rest, and accept nothing more."""
        deadline = time.monotonic() + seconds
        self._delivery.limit(deadline)
        while len(self._batches) and (remaining := deadline - time.monotonic()) > 0:
            self.flush(remaining)
        self._closed = True
        self._delivery.abort()
        rest = self._batches.close()
        if rest:
            self._delivery.lose(rest, "not accepted before the process ended")
        self._thread.wake()
        self._failures.report()

    def restart(self) -> None:
        """Start empty in a process that was just forked: the parent sends what is queued."""
        self._delivery.close()
        self._begin()

    def _begin(self) -> None:
        self._batches = Batches(self._queue_bytes)
        self._delivery = Delivery(self._settings, self._batches, self._failures)
        self._progress = threading.Condition()
        self._sending = threading.Lock()
        self._thread = WakeableThread(self._run, "otlp-spans")
        self._closed = False

    def _losses(self) -> int:
        counts = self._failures.counts
        return counts.get(LOST, 0) + counts.get(REFUSED, 0)

    def _run(self) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        pause, quiet = DELAY_SECONDS, 0
        while not self._closed:
            self._thread.wait(pause)
            began = time.monotonic()
            self._collect(HELD_SECONDS)
            quiet = 0 if len(self._batches) else quiet + 1
            with self._sending:
                retry = self._delivery.send_waiting()
            with self._progress:
                self._progress.notify_all()
            pause = max(0.0, began + DELAY_SECONDS - time.monotonic()) if retry is None else retry
            if quiet >= QUIET_ROUNDS and not self._closed and self._batches.rest():
                self._thread.wait()
                pause, quiet = DELAY_SECONDS, 0
        self._delivery.close()

    def _send_until(self, deadline: float) -> None:
        """Send what is queued, in the calling thread."""
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            while len(self._batches) and self._sending.acquire(timeout=max(0.0, deadline - time.monotonic())):
                try:
                    retry = self._delivery.send_waiting()
                finally:
                    self._sending.release()
                remaining = deadline - time.monotonic()
                if retry is None or remaining <= 0:
                    return
                time.sleep(min(retry, remaining))
        finally:
            detach(token)


class _Ends:
    """What messages begin and end with, by the object that they are made of."""

    def __init__(self, encode: Callable[[Any], Ends]) -> None:
        self._encode = encode
        self._known: dict[int, tuple[Any, Ends]] = {}

    def of(self, item: Any) -> Ends:
        """Return them. An object that is known is kept, so that no other has its id."""
        known = self._known.get(id(item))
        if known is None:
            if len(self._known) >= _KNOWN_MAX:  # the app creates a tracer for each request
                self._known.clear()
            known = self._known[id(item)] = (item, self._encode(item))
        return known[1]
