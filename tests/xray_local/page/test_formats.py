import pytest

from xray_local.page import formats


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "in progress"),
        (0, "0 ms"),
        (0.000412, "412 µs"),
        (0.0009994, "999 µs"),
        (0.0009996, "1 ms"),
        (0.0041, "4.1 ms"),
        (0.01234, "12.3 ms"),
        (0.4126, "413 ms"),
        (0.9996, "1 s"),
        (1.239, "1.24 s"),
        (59.94, "59.9 s"),
        (59.96, "1 m 00 s"),
        (123, "2 m 03 s"),
        (7_260, "2 h 01 m"),
        (1e11, "27,777,777 h 46 m"),
    ],
)
def test_a_duration_keeps_three_digits(seconds: float | None, text: str) -> None:
    """The unit follows the size, also where rounding reaches the next unit."""
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-90, "in 1 min"),
        (-0.5, "now"),
        (0.9, "now"),
        (1, "1 s ago"),
        (59.9, "59 s ago"),
        (61, "1 min ago"),
        (7200, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_ago_is_told_in_one_unit(seconds: float, text: str) -> None:
    """Clocks ahead of ours are told as ahead; a second of difference is now."""
    assert formats.ago(seconds) == text


def test_times_are_utc_with_milliseconds() -> None:
    """An epoch becomes ISO 8601 in UTC, and its time of day."""
    assert (formats.iso(1_700_000_000.1239), formats.clock(1_700_000_000.1239)) == (
        "2023-11-14T22:13:20.123Z",
        "22:13:20.123",
    )


def test_an_impossible_time_is_shown_as_its_number() -> None:
    """A time outside the calendar does not fail."""
    assert (formats.iso(1e18), formats.clock(1e18)) == ("1e+18", "1e+18")


def test_counts_and_shares_read_as_text() -> None:
    """One has no plural, thousands have commas, and a percentage has no needless zeros."""
    assert [formats.count(1, "span"), formats.count(1204, "span")] == ["1 span", "1,204 spans"]
    assert [formats.percent(share) for share in (0, 0.05, 0.1669, 1)] == ["0 %", "5 %", "16.69 %", "100 %"]


def test_a_value_is_a_string_as_it_is_or_json() -> None:
    """Text has no quotes; everything else is JSON, and other letters are not escaped."""
    assert [formats.value(thing) for thing in ("é", True, 3, None, ["é"])] == ["é", "true", "3", "null", '["é"]']
    assert formats.block({"a": 1}) == '{\n  "a": 1\n}'


@pytest.mark.parametrize(
    ("text", "column", "line", "pointer"),
    [
        ("fault = ", 9, "fault = ", "        ^"),
        ("a\nb\tc", 3, "a b c", "  ^"),
        ("", 1, "", "^"),
        ("ab", 99, "ab", "  ^"),
    ],
)
def test_the_caret_stands_under_the_column(text: str, column: int, line: str, pointer: str) -> None:
    """Line breaks and tabs take one column each, and a place past the end is the end."""
    assert formats.caret(text, column) == (line, pointer)


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    """A text that fits is left as it is."""
    assert [formats.shortened("abcd", 4), formats.shortened("abcde", 4)] == ["abcd", "abc…"]
