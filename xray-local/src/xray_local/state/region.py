"""One X-Ray region: the state that all listeners share, its clock and its counters."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random, SystemRandom

from xray_local.settings import Addresses
from xray_local.state import heads
from xray_local.state.lambda_facades import LambdaFacades
from xray_local.state.request_log import ProblemLog, RequestLog, Verdict
from xray_local.state.sampling.boosts import Boosts
from xray_local.state.sampling.reservoirs import Reservoirs
from xray_local.state.store import Refused, Store
from xray_local.traces.documents import Document, SegmentError, oddities, parse_segment

ACCOUNT_ID = "000000000000"
REJECTED_SPAN = "RejectedSpan"  # the code of a span that was refused: X-Ray documents none


@dataclass(slots=True)
class Region:
    """The state of one region. `clock` returns epoch seconds, `random` makes ids, `addresses` are those of a server."""

    store: Store
    clock: Callable[[], float]
    name: str = "us-east-1"
    random: Random = field(default_factory=SystemRandom)
    reservoirs: Reservoirs = field(default_factory=Reservoirs)
    boosts: Boosts = field(default_factory=Boosts)
    counters: Counter[str] = field(default_factory=Counter)
    requests: RequestLog = field(default_factory=RequestLog)
    problems: ProblemLog = field(default_factory=ProblemLog)
    facades: LambdaFacades | None = None
    addresses: Addresses | None = None

    def put_segments(self, texts: Sequence[str], source: str = "PutTraceSegments") -> list[Refused]:
        """Store segment documents; count, note and return those that were refused."""
        found = heads.read(texts) if self.facades is None else None  # facades need the whole documents
        if found is not None:
            return self.refuse(self.store.append(*found, texts, now=self.clock()) if texts else [], source)
        documents: list[Document] = []
        refused: list[Refused] = []
        for text in texts:
            try:
                documents.append(parse_segment(text))
            except SegmentError as error:
                refused.append(Refused(error.segment_id, error.code, error.message))
                continue
            for message in oddities(documents[-1]):
                self.note("odd", source, "Dropped", message, documents[-1].id)
        if self.facades is not None:
            documents += self.facades.documents(documents)
        return self.refuse(refused, source) + self.put(documents, source)

    def put_spans(self, documents: Sequence[Document], problems: Sequence[str], *, source: str) -> list[Refused]:
        """Store the documents of a request's spans; count, note and return what was refused, with its problems."""
        refused = [Refused(None, REJECTED_SPAN, problem) for problem in problems]
        return self.refuse(refused, source) + self.put(documents, source)

    def put(self, documents: Sequence[Document], source: str = "PutTraceSegments") -> list[Refused]:
        """Store documents; count, note and return those that were refused."""
        return self.refuse(self.store.put(documents, now=self.clock()), source)

    def refuse(self, refused: list[Refused], source: str) -> list[Refused]:
        """Count, note and return what was refused."""
        self.counters["rejected"] += len(refused)
        for item in refused:
            self.note("refused", source, item.code, item.message, item.id)
        return refused

    def note(self, verdict: Verdict, source: str, code: str, message: str, id_: str | None = None) -> None:
        """Note what AWS would refuse, drop or not expect; the page lists it."""
        self.problems.add(verdict, source, code, message, now=self.clock(), id_=id_)

    def arn(self, path: str) -> str:
        """Return the ARN of a resource of this region."""
        return f"arn:aws:xray:{self.name}:{ACCOUNT_ID}:{path}"

    def health(self) -> dict[str, int | str]:
        """Return what is stored, and what was rejected or evicted."""
        counts = self.store.counts()
        return {
            "status": self.store.problem or "ok",
            **counts,
            "evicted_traces": self.store.evicted,
            "rejected": self.counters["rejected"] + self.store.not_indexed,
            "max_traces": self.store.max_traces,
        }

    def reset(self) -> None:
        """Delete everything, as in a new process."""
        self.store.clear()
        self._forget()

    def clear_traces(self) -> None:
        """Delete the traces and all counts; sampling rules, groups and settings stay."""
        self.store.clear(resources=False)
        self._forget()

    def _forget(self) -> None:
        self.reservoirs, self.boosts = Reservoirs(), Boosts()
        self.counters.clear()
        self.requests = RequestLog()
        self.problems.clear()
