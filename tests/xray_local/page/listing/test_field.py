import pytest
from hypothesis import given
from hypothesis import strategies as some

from xray_local.page.listing.field import read, read_expression
from xray_local.page.listing.lines import EXAMPLES
from xray_model.filter_expression import parse

ID = "1-6b0b7f04-3d90fbac32833106536e95df"
W3C = "6b0b7f043d90fbac32833106536e95df"
ANYWHERE = 'http.url CONTAINS "{0}" OR name CONTAINS "{0}" OR user CONTAINS "{0}"'


@pytest.mark.parametrize(
    "typed",
    [ID, ID.upper(), W3C, f"00-{W3C}-00f067aa0ba902b7-01", f"Root={ID};Parent=53995c3f42cd8ad8;Sampled=1", f" {ID}\n"],
)
def test_a_trace_id_is_known_in_all_its_forms(typed: str) -> None:
    """X-Ray's, W3C's, and the headers of both."""
    assert read(typed, slow=1).trace_id == ID


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("checkout", ANYWHERE.format("checkout")),
        ("storefront.internal", ANYWHERE.format("storefront.internal")),
        ("/checkout", 'http.url CONTAINS "/checkout"'),
        ("/a?b=1&c=<2>", 'http.url CONTAINS "/a?b=1&c=<2>"'),
        ("502", "http.status = 502"),
        ("5xx", "http.status >= 500 AND http.status < 600"),
        ("slow", "duration > 0.572"),
        ("POST /checkout failed", 'http.method = "POST" AND http.url CONTAINS "/checkout" AND fault'),
        (">500ms", "responsetime > 0.5"),
        ("<=1.5s", "responsetime <= 1.5"),
        ("user=user-7", 'user = "user-7"'),
        ("status:404", "http.status = 404"),
        ("service=payments", 'service("payments")'),
        ("plan=gold", 'annotation["plan"] = "gold"'),
        ("order:8841", 'annotation["order"] = "8841" OR annotation["order"] = 8841'),
        ("vip=true", 'annotation["vip"] = "true" OR annotation["vip"] = true'),
        ("ReadTimeoutError", 'fault AND rootcause.fault.exception {name CONTAINS "ReadTimeoutError"}'),
        ("-/healthz 200", '!http.url CONTAINS "/healthz" AND http.status = 200'),
    ],
)
def test_words_become_an_expression(typed: str, expected: str) -> None:
    """Which is valid, and shown."""
    reading = read(typed, slow=0.572)
    assert (reading.translated, reading.text) == (True, expected)
    assert parse(reading.text) == reading.expression


@pytest.mark.parametrize("typed", ["fault", 'service("x") { fault }', "http.status = 404", "!partial"])
def test_an_expression_is_read_as_it_is(typed: str) -> None:
    """Without a translation."""
    reading = read(typed, slow=1)
    assert (reading.translated, reading.text, reading.expression) == (False, typed, parse(typed))


@pytest.mark.parametrize(
    ("typed", "column", "message"),
    [
        ("htp.status = 404", 1, "did you mean 'http.status'?"),
        ("htp.status=404", 1, "did you mean 'http.status'?"),
        ("http.url CONTAINS checkout", 19, "expected a string"),
        ("fault AND", 10, "expected a keyword"),
        ('service("x"', 12, "expected ')'"),
    ],
)
def test_a_mistake_has_its_column_and_what_was_expected(typed: str, column: int, message: str) -> None:
    """The caret is under the column."""
    mistake = read(typed, slow=1).mistake
    assert mistake is not None
    assert (mistake.column, mistake.caret.index("^") + 1) == (column, column)
    assert message in mistake.message


def test_an_expression_only_is_never_words() -> None:
    """As the address's `filter` wants it."""
    mistake = read_expression("checkout").mistake
    assert mistake is not None
    assert mistake.column == 1


def test_words_after_the_eighth_are_named() -> None:
    """They are not read."""
    reading = read(" ".join(f"/{number}" for number in range(10)), slow=1)
    assert reading.ignored == ("/8", "/9")


def test_the_end_of_an_id_is_looked_for_as_well() -> None:
    """A list shows eight digits of an id."""
    assert read("536E95DF", slow=1).short_id == "536e95df"


@pytest.mark.parametrize("typed", [typed for typed, _ in EXAMPLES])
def test_every_example_of_the_page_can_be_read(typed: str) -> None:
    """The page links to its traces."""
    reading = read(typed, slow=1)
    assert reading.mistake is None
    assert reading.text


@given(some.text(max_size=60))
def test_every_text_has_a_reading(typed: str) -> None:
    """An id, an expression, a mistake or nothing; an expression's text is valid."""
    reading = read(typed, slow=1)
    if reading.text:
        assert parse(reading.text) == reading.expression
