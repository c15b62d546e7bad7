"""What X-Ray accepts that its own model does not have, brought into the form of the model. Pure.

- Statistics whose `SampledCount` is called `SampleCount`: OpenTelemetry's Python sampler and AWS's distribution of it.
- Timestamps of statistics in milliseconds: the X-Ray SDK for Java and OpenTelemetry's Java sampler.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138


class Accepted(NamedTuple):
    """A request in the form of the model, and a message for each kind of thing that was not."""

    body: dict[str, Any]
    odd: tuple[str, ...]


def accepted(operation: str, body: dict[str, Any]) -> Accepted:
    """Return a request as the model has it; one that is not valid is left for the check against the model."""
    if operation != "GetSamplingTargets":
        return Accepted(body, ())
    odd: dict[str, None] = {}
    changed = dict(body)
    for key in ("SamplingStatisticsDocuments", "SamplingBoostStatisticsDocuments"):
        if isinstance(documents := body.get(key), list):
            changed[key] = [_statistics(key, document, odd) for document in documents]
    return Accepted(changed, tuple(odd))


def _statistics(key: str, document: Any, odd: dict[str, None]) -> Any:
    if not isinstance(document, Mapping):
        return document
    changes = dict(_changes(document))
    odd |= {f"{key}: {message}": None for message, _ in changes.values()}
    return {**document, **{name: value for name, (_, value) in changes.items()}}


def _changes(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, Any]]]:
    if document.get("SampledCount") is None and document.get("SampleCount") is not None:
        yield "SampledCount", ("SampleCount instead of SampledCount", document["SampleCount"])
    time = document.get("Timestamp")
    if isinstance(time, int | float) and time > MILLISECONDS_FROM:
        yield "Timestamp", ("Timestamp in milliseconds: expected epoch seconds", time / 1000)
