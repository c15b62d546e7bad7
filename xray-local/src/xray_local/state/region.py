"""What every door shares: the store, the reservoirs, the clock, and the counters that health shows."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random, SystemRandom

from aiohttp import web

from xray_local.state.reservoirs import Reservoirs
from xray_local.state.store import Refused, Store
from xray_local.traces.documents import Document

ACCOUNT_ID = "000000000000"


@dataclass(slots=True)
class Service:
    """One X-Ray region. `clock` gives epoch seconds; `random` makes ids."""

    store: Store
    clock: Callable[[], float]
    region: str = "us-east-1"
    account_id: str = ACCOUNT_ID
    random: Random = field(default_factory=SystemRandom)
    reservoirs: Reservoirs = field(default_factory=Reservoirs)
    counters: Counter[str] = field(default_factory=Counter)

    def put(self, documents: Sequence[Document]) -> list[Refused]:
        """Store documents and count what was refused."""
        refused = self.store.put(documents, now=self.clock())
        self.counters["rejected"] += len(refused)
        return refused

    def arn(self, path: str) -> str:
        """Give the ARN of a resource of this region and account."""
        return f"arn:aws:xray:{self.region}:{self.account_id}:{path}"

    def health(self) -> dict[str, int | str]:
        """Give what the store holds and what was lost on the way."""
        return {
            "status": "ok",
            **self.store.counts(),
            "evicted_traces": self.store.evicted,
            "rejected": self.counters["rejected"],
            "max_traces": self.store.max_traces,
        }

    def reset(self) -> None:
        """Forget everything."""
        self.store.clear()
        self.reservoirs = Reservoirs()
        self.counters.clear()


SERVICE_KEY = web.AppKey("service", Service)
