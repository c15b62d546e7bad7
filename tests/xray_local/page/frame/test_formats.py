import pytest

from xray_local.page.frame import formats


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
    """Also where rounding reaches the next unit."""
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
def test_ago_has_one_unit(seconds: float, text: str) -> None:
    """A time in the future is in so many seconds; less than a second is now."""
    assert formats.ago(seconds) == text


def test_times_are_utc_with_milliseconds() -> None:
    """As ISO 8601, and as the time of day."""
    assert (formats.iso(1_700_000_000.1239), formats.clock(1_700_000_000.1239)) == (
        "2023-11-14T22:13:20.123Z",
        "22:13:20.123",
    )


def test_a_time_beyond_the_calendar_is_its_number() -> None:
    """It does not raise."""
    assert (formats.iso(1e18), formats.clock(1e18)) == ("1e+18", "1e+18")


def test_counts_and_shares_are_formatted() -> None:
    """1 is singular, thousands have commas, a percentage has no trailing zeros."""
    assert formats.number(1204) == "1,204"
    assert [formats.count(1, "span"), formats.count(1204, "span")] == ["1 span", "1,204 spans"]
    assert [formats.percent(share) for share in (0, 0.05, 0.1669, 1)] == ["0 %", "5 %", "16.69 %", "100 %"]


def test_a_value_is_text_or_json() -> None:
    """Text has no quotes; letters outside ASCII are not escaped."""
    assert [formats.value(content) for content in ("é", True, 3, None, ["é"])] == ["é", "true", "3", "null", '["é"]']
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
def test_the_caret_is_under_the_column(text: str, column: int, line: str, pointer: str) -> None:
    """Line breaks and tabs are one column each; a column past the end is the end."""
    assert formats.caret(text, column) == (line, pointer)


@pytest.mark.parametrize(("share", "width"), [(1, 100), (0.5, 50), (0.0001, 0.4), (0, 0), (2, 100)])
def test_a_bar_is_as_wide_as_its_share(share: float, width: float) -> None:
    """A small share is still visible."""
    assert formats.bar_width(share) == width


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://h:1", ("h:1", "/")),
        ("https://h/a?b=c", ("h", "/a?b=c")),
        ("/only/path", ("", "/only/path")),
        ("http://[broken", ("", "http://[broken")),
        ("", ("", "")),
    ],
)
def test_a_url_is_split_into_host_and_path(url: str, parts: tuple[str, str]) -> None:
    """Text that is not a URL is all path."""
    assert formats.split_url(url) == parts


@pytest.mark.parametrize(
    ("status", "name"), [(None, "ok"), (200, "ok"), (302, "ok"), (404, "error"), (429, "throttle"), (503, "fault")]
)
def test_a_status_has_the_class_of_its_most_severe_flag(status: int | None, name: str) -> None:
    """Or ok."""
    assert formats.status_class(status) == name


def test_links_are_escaped() -> None:
    """An unpaired surrogate becomes a question mark."""
    assert formats.filter_href('a = "b&c"') == "/?q=a+%3D+%22b%26c%22"
    assert formats.filter_href("") == "/"
    assert formats.trace_href("../x?y") == "/traces/..%2Fx%3Fy"
    assert (formats.filter_href("\ud800"), formats.trace_href("\ud800")) == ("/?q=%3F", "/traces/%3F")


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    """A text that fits is unchanged."""
    assert [formats.shortened("abcd", 4), formats.shortened("abcde", 4)] == ["abcd", "abc…"]


def test_a_url_as_a_name_is_shown_by_its_last_part() -> None:
    """Such as the address of a queue."""
    assert formats.short_name("https://sqs.us-east-1.amazonaws.com/111122223333/orders-to-ship") == "orders-to-ship"
    assert formats.short_name("shop-api/prod") == "shop-api/prod"
