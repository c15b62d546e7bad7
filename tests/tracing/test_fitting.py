"""Documents are cut by bytes: what can be sent is sent, in datagrams that a socket takes."""

import json
from typing import Any

import pytest

from cruddur_tracing.fitting import DATAGRAM_MAX, DOCUMENT_MAX, HEADER, encode, fit


def part(name: str, size: int = 0, subsegments: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    document: dict[str, Any] = {"id": name, "metadata": {"default": {"text": "x" * size}}}
    return document | {"subsegments": list(subsegments)} if subsegments else document


def names(document: dict[str, Any]) -> list[str]:
    below = [name for child in document.get("subsegments", []) for name in names(child)]
    return [document["id"], *below]


def sent(fitted: list[bytes]) -> list[list[str]]:
    return [names(json.loads(text)) for text in fitted]


def test_a_document_that_fits_is_sent_whole() -> None:
    """Nothing is split off that need not be."""
    fitted = fit(part("segment", 10, (part("one", 10), part("two", 10))), limit=1000)
    assert sent(fitted.documents) == [["segment", "one", "two"]]


def test_thirty_subsegments_of_3_kb_all_arrive() -> None:
    """They are below the SDK's count and above what a datagram holds: stock, nothing arrives at all."""
    document = part("segment", 0, tuple(part(str(number), 3000) for number in range(30)))
    fitted = fit(document)
    assert sorted(name for group in sent(fitted.documents) for name in group) == sorted(names(document))
    assert max(map(len, fitted.documents)) <= DOCUMENT_MAX
    assert (fitted.trimmed, fitted.lost) == (0, 0)


def test_the_largest_are_split_off_first() -> None:
    """The fewest datagrams: the segment keeps its small subsegments."""
    fitted = fit(part("segment", 0, (part("small", 100), part("large", 900), part("tiny", 1))), limit=1000)
    assert sent(fitted.documents) == [["segment", "small", "tiny"], ["large"]]


def test_a_split_off_subsegment_is_split_itself() -> None:
    """Below the segment it goes on the same way."""
    inner = part("outer", 600, (part("inner", 600),))
    assert sent(fit(part("segment", 600, (inner,)), limit=1000).documents) == [["segment"], ["outer"], ["inner"]]


def test_a_document_that_is_too_large_by_itself_loses_its_metadata() -> None:
    """Its times and its place in the trace still arrive."""
    fitted = fit(part("segment", 5000, (part("one", 10),)), limit=1000)
    assert [json.loads(text) for text in fitted.documents] == [{"id": "segment"}, part("one", 10)]
    assert (fitted.trimmed, fitted.lost) == (1, 0)


def test_what_cannot_fit_is_counted() -> None:
    """Its subsegments are sent all the same."""
    document = part("segment", 0, (part("one", 10),)) | {"annotations": {"text": "x" * 5000}}
    fitted = fit(document, limit=1000)
    assert sent(fitted.documents) == [["one"]]
    assert (fitted.trimmed, fitted.lost) == (0, 1)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), '"nan"'),
        ([float("inf"), 1.5], '["inf",1.5]'),
        ((float("-inf"),), '["-inf"]'),
        ({1}, '"{1}"'),
        ("ä\ud800", '"\\u00e4\\ud800"'),
    ],
)
def test_every_value_is_json(value: object, written: str) -> None:
    """NaN is no JSON: one such value makes an agent drop the whole document."""
    assert encode({"metadata": value}) == f'{{"metadata":{written}}}'.encode()


def test_header_and_document_fill_one_datagram() -> None:
    """The limit is that of UDP over IPv4."""
    assert len(HEADER) + DOCUMENT_MAX == DATAGRAM_MAX == 65507
