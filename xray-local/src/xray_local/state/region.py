"""One X-Ray region: the state that all listeners share, its clock and its counters."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random, SystemRandom

from xray_local.state.batches import Refused
from xray_local.state.request_log import RequestLog
from xray_local.state.reservoirs import Reservoirs
from xray_local.state.store import Store
from xray_local.traces.documents import Document

ACCOUNT_ID = "000000000000"


@dataclass(slots=True)
class Region:
    """The state of one region. `clock` returns epoch seconds; `random` makes ids."""

    store: Store
    clock: Callable[[], float]
    name: str = "us-east-1"
    random: Random = field(default_factory=SystemRandom)
    reservoirs: Reservoirs = field(default_factory=Reservoirs)
    counters: Counter[str] = field(default_factory=Counter)
    requests: RequestLog = field(default_factory=RequestLog)

    def put(self, documents: Sequence[Document]) -> list[Refused]:
        """Store documents; count and return those that were refused."""
        refused = self.store.put(documents, now=self.clock())
        self.counters["rejected"] += len(refused)
        return refused

    def arn(self, path: str) -> str:
        """Return the ARN of a resource of this region."""
        return f"arn:aws:xray:{self.name}:{ACCOUNT_ID}:{path}"

    def health(self) -> dict[str, int | str]:
        """Return what is stored, and what was rejected or evicted."""
        return {
            "status": "ok",
            **self.store.counts(),
            "evicted_traces": self.store.evicted,
            "rejected": self.counters["rejected"],
            "max_traces": self.store.max_traces,
        }

    def reset(self) -> None:
        """Delete everything, as in a new process."""
        self.store.clear()
        self.reservoirs = Reservoirs()
        self.counters.clear()
        self.requests.clear()
