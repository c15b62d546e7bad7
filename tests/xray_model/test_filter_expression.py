"""The filter language: parsing, printing, and errors with their column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_model import limits
from xray_model.filter_expression import Expression, FilterError, nodes, parse, to_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fault", nodes.Flag("fault")),
        ("fault = true", nodes.Compare("fault", "=", True)),
        ("OK != FALSE", nodes.Compare("ok", "!=", False)),
        ("responseTime >= 1.5", nodes.Compare("responsetime", ">=", 1.5)),
        ("duration < -3e2", nodes.Compare("duration", "<", -300.0)),
        ("http.status=404", nodes.Compare("http.status", "=", 404)),
        ('http.url contains "/api"', nodes.Compare("http.url", "CONTAINS", "/api")),
        ('http.method != "GET"', nodes.Compare("http.method", "!=", "GET")),
        ('user BEGINSWITH "a" ', nodes.Compare("user", "BEGINSWITH", "a")),
        (r'message ENDSWITH "\"\\x"', nodes.Compare("message", "ENDSWITH", '"\\x')),
        ('resource.arn = "arn:x"', nodes.Compare("resource.arn", "=", "arn:x")),
        ("http.url AND responseTime > 2", nodes.And((nodes.Exists("http.url"), nodes.Compare("responsetime", ">", 2)))),
        ("!user", nodes.Not(nodes.Exists("user"))),
        ("annotation.key", nodes.Annotation("key")),
        ("annotation.count > 3", nodes.Annotation("count", ">", 3)),
        ('annotation[app.name] = "x"', nodes.Annotation("app.name", "=", "x")),
        ('annotation[aws:api_id] = "x"', nodes.Annotation("aws:api_id", "=", "x")),
        ('annotation["a b"] != true', nodes.Annotation("a b", "!=", True)),
        ('annotation.key CONTAINS ""', nodes.Annotation("key", "CONTAINS", "")),
        ("service()", nodes.Service(nodes.Identity())),
        ('service("a") {fault}', nodes.Service(nodes.Identity("a"), nodes.Flag("fault"))),
        (
            'service(id(name: "a", type: "AWS::EC2::Instance", account.id: "1"))',
            nodes.Service(nodes.Identity("a", "AWS::EC2::Instance", "1")),
        ),
        ('edge("a", id(type: "b")) {ok}', nodes.Edge(nodes.Identity("a"), nodes.Identity(None, "b"), nodes.Flag("ok"))),
        ('group.name = "g"', nodes.Group("name", "=", "g")),
        ("group.name", nodes.Group("name")),
        ('group.arn != "arn"', nodes.Group("arn", "!=", "arn")),
        ("rootcause.fault.service {remote}", nodes.RootCause("fault", "service", nodes.Flag("remote"))),
        ("rootcause.responsetime.entity", nodes.RootCause("responsetime", "entity")),
        (
            'rootcause.error.exception {name = "E"}',
            nodes.RootCause("error", "exception", nodes.Compare("name", "=", "E")),
        ),
        ('rootcause.json = #[{"Services": []}]', nodes.RootCauseJson('[{"Services": []}]')),
        ('json = #{"Services": []}', nodes.RootCauseJson('{"Services": []}')),
        ("!fault", nodes.Not(nodes.Flag("fault"))),
        ("!!ok", nodes.Not(nodes.Not(nodes.Flag("ok")))),
        ("ok AND partial", nodes.And((nodes.Flag("ok"), nodes.Flag("partial")))),
        (
            "ok and partial or fault",
            nodes.Or((nodes.And((nodes.Flag("ok"), nodes.Flag("partial"))), nodes.Flag("fault"))),
        ),
        (
            "ok (partial OR fault)",
            nodes.And((nodes.Flag("ok"), nodes.Or((nodes.Flag("partial"), nodes.Flag("fault"))))),
        ),
        (
            "ok !partial duration <3",
            nodes.And((nodes.Flag("ok"), nodes.Not(nodes.Flag("partial")), nodes.Compare("duration", "<", 3))),
        ),
    ],
)
def test_every_construct_parses(text: str, expected: Expression) -> None:
    """The syntax tree is the expected one, and its printed form parses to the same tree."""
    assert parse(text) == expected
    assert parse(to_text(expected)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 1: expected an expression"),
        ("   ", "column 1: expected an expression"),
        ("http.url CONTAINS 5", "column 19: expected a string after CONTAINS"),
        ("http.url CONTAINS", "column 18: expected a string after CONTAINS"),
        ('http.url > "a"', "column 10: expected =, !=, CONTAINS, BEGINSWITH, ENDSWITH after http.url, found '>'"),
        ("http.status = x", "column 15: expected a number after ="),
        ("ok = 1", "column 6: expected true or false after ="),
        ("speed > 1", "column 1: unknown keyword 'speed'"),
        ("http.staus = 1", "column 1: unknown keyword 'http.staus'; did you mean 'http.status'?"),
        ('user = "abc', 'column 8: unterminated string: expected a closing "'),
        ("ok & fault", "column 4: unexpected character '&'"),
        ("(ok", "column 4: expected ')' for the '(' of column 1, found the end"),
        ("ok)", "column 3: expected the end, AND or OR, found ')'"),
        ("ok OR", "column 6: expected a keyword, found the end"),
        ("ok OR or", "column 7: unknown keyword 'or'"),
        ('service("a") {}', "column 15: expected a keyword, found '}'"),
        ('service("a" {ok}', "column 13: expected ')' after the service's name, found '{'"),
        ("service(a)", "column 9: expected a string or id(...) after service("),
        ('service(id(colour: "red"))', "column 12: expected name, type or account.id, found 'colour'"),
        ('service(id(name: "a", name: "b"))', "column 23: duplicate key 'name'"),
        ('edge("a")', "column 9: expected ',' between the two services, found ')'"),
        ("annotation = 1", "column 1: expected annotation.KEY or annotation[KEY]"),
        ("annotation[] = 1", "column 12: expected an annotation's key after ["),
        ("annotation[aws:] = 1", "column 15: expected ']' after the annotation's key, found ':'"),
        (
            'service("a") {annotation.x = 1}',
            "column 15: annotations cannot be filtered inside service(...) {...}",
        ),
        (
            'edge("a", "b") {ok AND service() {ok} AND annotation[x]}',
            "column 43: annotations cannot be filtered inside edge(...) {...}",
        ),
        ("annotation.a = ok", "column 16: expected a string, a number, true or false after ="),
        ("annotation.a > true", "column 16: expected a number after >"),
        ("rootcause.fault", "column 1: expected rootcause.{fault|error|responsetime}.{service|entity|exception}"),
        ("rootcause.json = 5", "column 18: expected #[...] after ="),
        ("rootcause.json = #[", "column 19: expected a JSON document after #"),
        ("duration > 1.2.3", "column 12: unexpected character '1'"),
    ],
)
def test_errors_name_their_column(text: str, message: str) -> None:
    """The column counts characters from 1."""
    with pytest.raises(FilterError) as raised:
        parse(text)
    assert str(raised.value).startswith(message)
    assert message.startswith(f"column {raised.value.column}: ")


@pytest.mark.parametrize("text", ["(" * 41 + "ok", "!" * 41 + "ok", 'service("a") {' * 41 + "ok"])
def test_deep_nesting_is_rejected(text: str) -> None:
    """The limit of 40 levels prevents a stack overflow."""
    with pytest.raises(FilterError, match="expected at most 40 levels of nesting"):
        parse(text)


def test_a_very_long_expression_is_rejected() -> None:
    """The error names the first column after the limit."""
    with pytest.raises(FilterError) as raised:
        parse("!" * 3000)
    assert raised.value.column == limits.FILTER_EXPRESSION_MAX + 1


TEXTS = st.text(alphabet='ab"\\ \n{}é', max_size=6)
NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_nan=False)
IDENTITIES = st.builds(nodes.Identity, st.none() | TEXTS, st.none() | TEXTS, st.none() | TEXTS)
NAMED = IDENTITIES.filter(lambda identity: identity != nodes.Identity())
LEAVES = st.one_of(
    st.builds(nodes.Flag, st.sampled_from(nodes.BOOLEANS)),
    st.builds(nodes.Exists, st.sampled_from(nodes.NUMBERS + nodes.STRINGS)),
    st.builds(nodes.Compare, st.sampled_from(nodes.BOOLEANS), st.sampled_from(nodes.EQUALITY), st.booleans()),
    st.builds(nodes.Compare, st.sampled_from(nodes.NUMBERS), st.sampled_from(nodes.ORDER), NUMBERS),
    st.builds(nodes.Compare, st.sampled_from(nodes.STRINGS), st.sampled_from(nodes.TEXT), TEXTS),
    st.builds(nodes.Group, st.sampled_from(["name", "arn"])),
    st.builds(nodes.Group, st.sampled_from(["name", "arn"]), st.sampled_from(nodes.EQUALITY), TEXTS),
    st.builds(nodes.RootCauseJson, st.just('[{"Services": []}]')),
)
KEYS = TEXTS.filter(bool)
ANNOTATIONS = st.one_of(
    st.builds(nodes.Annotation, KEYS),
    st.builds(nodes.Annotation, KEYS, st.sampled_from(nodes.EQUALITY), TEXTS | NUMBERS | st.booleans()),
    st.builds(nodes.Annotation, KEYS, st.sampled_from(nodes.ORDER), NUMBERS),
    st.builds(nodes.Annotation, KEYS, st.sampled_from(nodes.TEXT), TEXTS),
)


def _combined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    causes, parts = st.sampled_from(nodes.ROOT_CAUSES), st.sampled_from(nodes.ROOT_CAUSE_PARTS)
    return st.one_of(
        st.builds(nodes.Not, inner),
        st.builds(nodes.And, several),
        st.builds(nodes.Or, several),
        st.builds(nodes.RootCause, causes, parts, st.none() | inner),
    )


def _with_services(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        _combined(inner),
        st.builds(nodes.Service, IDENTITIES, st.none() | inner),
        st.builds(nodes.Edge, NAMED, NAMED, st.none() | inner),
    )


WITHOUT_ANNOTATIONS = st.recursive(LEAVES, _with_services, max_leaves=8)


@given(st.recursive(WITHOUT_ANNOTATIONS | ANNOTATIONS, _combined, max_leaves=4))
def test_printed_expressions_parse_to_the_same_value(expression: Expression) -> None:
    """Parsing inverts printing for every expression within the length limit."""
    text = to_text(expression)
    if len(text) <= limits.FILTER_EXPRESSION_MAX:
        assert parse(text) == expression


@given(st.text(max_size=60))
def test_any_text_parses_or_raises_an_error_with_a_column(text: str) -> None:
    """No input raises another exception."""
    columns = []
    try:
        parse(text)
    except FilterError as error:
        columns.append(error.column)
    assert all(1 <= column <= len(text) + 2 for column in columns)


def test_printing_another_type_is_a_type_error() -> None:
    """A string is not an expression."""
    with pytest.raises(TypeError, match="str is not an expression"):
        to_text("ok")  # type: ignore[arg-type]  # the wrong type is the point
