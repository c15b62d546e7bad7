"""Trace ids in both formats, and the X-Amzn-Trace-Id header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_model import ModelError, TraceHeader, parse_header, to_w3c, to_xray

W3C = "65a0b1c20123456789abcdef01234567"
XRAY = "1-65a0b1c2-0123456789abcdef01234567"


def test_both_formats_have_the_same_bytes() -> None:
    """Only the dashes and the version differ."""
    assert (to_xray(W3C), to_w3c(XRAY)) == (XRAY, W3C)


@given(st.text(alphabet="0123456789abcdefABCDEF", min_size=32, max_size=32))
def test_every_id_survives_the_round_trip(trace_id: str) -> None:
    """Upper case becomes lower case."""
    assert to_w3c(to_xray(trace_id)) == trace_id.lower()


@pytest.mark.parametrize("malformed", ["", "1-2-3", W3C + "0", "g" * 32, W3C[:-1] + "\n", "\u0661" * 32])
def test_a_malformed_w3c_id_is_rejected(malformed: str) -> None:
    """The message has the expected format."""
    with pytest.raises(ModelError, match="expected 32 hex digits"):
        to_xray(malformed)


@pytest.mark.parametrize("malformed", ["", W3C, "2" + XRAY[1:], XRAY + "0", XRAY[:-1] + "g"])
def test_a_malformed_x_ray_id_is_rejected(malformed: str) -> None:
    """Only version 1 exists."""
    with pytest.raises(ModelError, match="expected 1-, 8 hex digits, -, 24 hex digits"):
        to_w3c(malformed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", TraceHeader()),
        (f"Root={XRAY}", TraceHeader(XRAY)),
        (f"Root={XRAY.upper()};Parent=53995C3F42CD8AD8", TraceHeader(XRAY, "53995c3f42cd8ad8")),
        (f"Root={XRAY};Parent=53995c3f42cd8ad8;Sampled=1", TraceHeader(XRAY, "53995c3f42cd8ad8", "1")),
        (f" Sampled=? ; Root={XRAY} ;", TraceHeader(XRAY, None, "?")),
        (f"Self={XRAY};Root={XRAY};k=v=w", TraceHeader(XRAY, None, None, {"Self": XRAY, "k": "v=w"})),
    ],
)
def test_a_header_s_pairs_can_have_any_order(text: str, expected: TraceHeader) -> None:
    """Unknown pairs are kept, and ids become lower case."""
    assert parse_header(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Root=1-2-3", "Root: '1-2-3': expected 1-, 8 hex digits, -, 24 hex digits"),
        ("Parent=xyz", "Parent: 'xyz': expected 16 hex digits"),
        ("Sampled=yes", "Sampled: 'yes': expected 1, 0 or ?"),
        ("Root", "X-Amzn-Trace-Id: 'Root': expected name=value pairs between semicolons"),
        ("=1", "X-Amzn-Trace-Id: '=1': expected name=value pairs between semicolons"),
        ("a" * 1025, "X-Amzn-Trace-Id: '1025 characters': expected at most 1024 characters"),
    ],
)
def test_a_malformed_header_names_its_part(text: str, message: str) -> None:
    """The message has the part, the value and what was expected."""
    with pytest.raises(ModelError) as raised:
        parse_header(text)
    assert str(raised.value) == message


@pytest.mark.parametrize("text", ["", f"Root={XRAY};Parent=53995c3f42cd8ad8;Sampled=0;Self={XRAY}", f"Root={XRAY}"])
def test_a_header_prints_as_it_was_parsed(text: str) -> None:
    """Printing inverts parsing."""
    assert parse_header(text).to_text() == text
