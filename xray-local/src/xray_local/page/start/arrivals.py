"""What has arrived so far, and in a sentence why there may be no trace of it."""

from dataclasses import dataclass
from typing import Literal

from xray_local.page.frame.formats import count
from xray_local.page.queries import all_items
from xray_local.state.region import Region

State = Literal["nothing", "not sampled", "not sent", "refused", "empty", "stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Counts since the start or the last deletion; `reported` and `sampled` are requests as SDKs counted them.

    `polls` counts requests of the sampling rules, `refused` documents and spans, `reason` is why the last one was.
    """

    datagrams: int = 0
    segment_requests: int = 0
    span_requests: int = 0
    polls: int = 0
    reported: int = 0
    sampled: int = 0
    refused: int = 0
    reason: str = ""
    traces: int = 0

    @property
    def requests(self) -> int:
        """How many datagrams and requests with segments or spans there were."""
        return self.datagrams + self.segment_requests + self.span_requests


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, and a sentence that explains it."""

    state: State
    text: str


def arrivals(region: Region) -> Arrivals:
    """Return what a region has seen."""
    counts, health = region.requests.counts, region.health()
    statistics = list(all_items("GetSamplingStatisticSummaries", region, "SamplingStatisticSummaries"))
    refused = next((problem for problem in region.problems.newest() if problem.verdict == "refused"), None)
    return Arrivals(
        datagrams=region.counters["datagrams"],
        segment_requests=counts["PutTraceSegments"],
        span_requests=counts["PutSpans"],
        polls=counts["GetSamplingRules"],
        reported=sum(item["RequestCount"] for item in statistics),
        sampled=sum(item["SampledCount"] for item in statistics),
        refused=int(health["rejected"]),
        reason=refused.message if refused else "",
        traces=int(health["traces"]),
    )


def verdict(seen: Arrivals) -> Verdict:
    """Return why there are no traces: nothing arrives, it is refused, or nothing is sampled; or how many there are."""
    if seen.traces:
        refused = f"; {count(seen.refused, 'document')} refused" if seen.refused else ""
        return Verdict("stored", f"{count(seen.traces, 'trace')} stored{refused}.")
    if seen.refused:
        return Verdict("refused", f"Refused: {count(seen.refused, 'document')}, and none was stored. {seen.reason}.")
    if seen.reason:
        return Verdict("refused", f"Refused before it was read. {seen.reason}.")
    if seen.requests:
        return Verdict("empty", f"Requests arrive ({seen.requests:,} so far), but without a segment or a span.")
    if seen.polls:
        return _unsampled(seen)
    return Verdict("nothing", "Nothing has arrived: no datagram, no request with segments or spans, no sampling poll.")


def _unsampled(seen: Arrivals) -> Verdict:
    polls = count(seen.polls, "sampling poll")
    if seen.sampled:
        sampled = f"SDKs sampled {seen.sampled:,} of {count(seen.reported, 'request')} and send them elsewhere"
        return Verdict("not sent", f"Not sent to this process: {polls}, no segment. {sampled}.")
    if seen.reported:
        reported = f"SDKs counted {count(seen.reported, 'request')}; the rules sampled none"
        return Verdict("not sampled", f"Not sampled: {polls}, no segment. {reported}.")
    return Verdict(
        "not sampled", f"Not sampled: {polls}, no segment. An SDK is connected, but has recorded no request."
    )
