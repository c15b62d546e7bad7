"""Any value becomes JSON text of a bounded size."""

import datetime
import enum
import json
import math
from collections import OrderedDict, UserDict, deque
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cruddur_tracing.recording.values import CIRCULAR, CUT, Writer, scalar_text

ROOM = 10_000


def written(value: Any, room: int = ROOM) -> tuple[Any, list[str]]:
    """Return what a JSON reader makes of the text, and what was cut."""
    writer = Writer()
    text = writer.text(value, room, "v")
    text.encode("utf-8", "replace")
    return json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON")), writer.cuts


class Raises:
    """Fails in whatever is asked of it."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __iter__(self) -> Iterator[int]:
        raise RuntimeError("no items")

    def __contains__(self, item: object) -> bool:
        raise RuntimeError("no items")


class Slots:
    """Has no `__dict__`."""

    __slots__ = ("a",)

    def __str__(self) -> str:
        return "slots"


class Public:
    """Has attributes of each kind."""

    def __init__(self) -> None:
        self.a = 1
        self._b = 2
        self.c = print


class Color(enum.IntEnum):
    """Numbers with names."""

    RED = 1


class Name(str):
    """A text of a type of its own."""

    __slots__ = ()


CASES: dict[str, tuple[Any, Any]] = {
    "nothing": (None, None),
    "truth": (True, True),
    "int": (-7, -7),
    "largest int": (2**63 - 1, 2**63 - 1),
    "int beyond 64 bits": (2**63, "9223372036854775808"),
    "int that Python does not write": (1 << 20_000, hex(1 << 20_000)),
    "float": (0.1, 0.1),
    "not a number": (math.nan, "nan"),
    "infinity": (-math.inf, "-inf"),
    "text": ('ä "\\\n\x00 \U0001f600', 'ä "\\\n\x00 \U0001f600'),
    "subclass of str": (Name("x"), "x"),
    "enumeration": (Color.RED, 1),
    "bytes": (b"caf\xc3\xa9 \xff", "café \ufffd"),
    "list": ([1, [2]], [1, [2]]),
    "tuple": ((1, "a"), [1, "a"]),
    "deque": (deque([1]), [1]),
    "range": (range(3), [0, 1, 2]),
    "mapping": (UserDict({"a": 1}), {"a": 1}),
    "ordered": (OrderedDict(a=1), {"a": 1}),
    "keys": (
        {1: 1, 2.5: 2, None: 3, False: 4, (1, 2): 5, b"x": 6},
        {"1": 1, "2.5": 2, "null": 3, "false": 4, "(1, 2)": 5, "b'x'": 6},
    ),
    "object": (Public(), {"a": 1}),
    "slots": (Slots(), "slots"),
    "time": (datetime.date(2026, 11, 29), "2026-11-29"),
    "class": (int, "<class 'int'>"),
    "raises": (Raises(), "<Raises>"),
    "raises inside": ({"a": [Raises()], Raises(): 1}, {"a": ["<Raises>"], "<Raises>": 1}),
}


@pytest.mark.parametrize(("value", "expected"), CASES.values(), ids=CASES)
def test_each_kind_of_value(value: Any, expected: Any) -> None:
    """Numbers and texts stay what they are; all others become what stands for them."""
    assert written(value) == (expected, [])
    assert written({"k": [value]}, 200_000) == ({"k": [expected]}, [])


def test_an_iterator_is_not_used_up() -> None:
    """Its items belong to the app."""
    numbers = iter([1, 2])
    assert str(written(numbers)[0]).startswith("<list_iterator")
    assert list(numbers) == [1, 2]


def test_half_a_surrogate_is_text() -> None:
    """It is written, and the encoding of the document replaces it."""
    assert Writer().text("\ud800x", ROOM, "v") == '"\ud800x"'


def test_a_value_that_contains_itself() -> None:
    """It ends where it begins again; the same value twice is written twice."""
    value: dict[str, Any] = {"twice": [[1]] * 2}
    value["self"] = value
    assert written(value) == ({"twice": [[1], [1]], "self": CIRCULAR}, [])
    around: list[Any] = []
    around.append(UserDict(again=around))
    assert written(around)[0] == [{"again": CIRCULAR}]


def test_deep_values_end() -> None:
    """A value deeper than anybody reads does not exhaust the stack."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert written(deep)[1] == ["v.0.0.0.0"]


def test_a_long_text_is_cut() -> None:
    """The cut shows in the text, and its name is noted."""
    value, cuts = written({"short": "x", "long": "y" * 100_000}, 1_000)
    assert value["short"] == "x"
    assert 900 < len(value["long"]) < 1_000
    assert value["long"].endswith("y" + CUT)
    assert cuts == ["v.long"]


def test_the_longest_values_are_cut_first() -> None:
    """What is shorter than its share is whole, and lends the rest to the others."""
    value, cuts = written({"a": "a" * 5_000, "b": "b" * 100, "c": {"d": "d" * 300}, "e": 12345}, 1_000)
    assert (value["b"], value["c"]["d"], value["e"]) == ("b" * 100, "d" * 300, 12345)
    assert 400 < len(value["a"]) < 600
    assert cuts == ["v.a"]


@pytest.mark.parametrize("value", [list(range(100_000)), {str(n): n for n in range(100_000)}], ids=["list", "dict"])
def test_entries_are_left_out(value: Any) -> None:
    """Of very many entries the first ones are kept, and a mark."""
    found, cuts = written(value, 1_000)
    kept = list(found)
    assert 20 < len(kept) < 150
    assert kept[-1] == CUT
    assert cuts == ["v"]


def test_writing_stops_early() -> None:
    """A value of any size takes the time that its room takes: only so many of its items are looked at."""
    seen = []

    class Counted(list[int]):
        def __iter__(self) -> Iterator[int]:
            for number in range(10_000_000):
                seen.append(number)
                yield number

        def __len__(self) -> int:
            return 10_000_000

    written({"many": Counted()}, 1_000)
    assert len(seen) < 5_000


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.integers() | st.none(), inner) | st.tuples(inner, inner)
    ),
    max_leaves=40,
)


@given(values, st.integers(64, 3_000))
def test_every_value_fits(value: Any, room: int) -> None:
    """The text is JSON and has about the size that was asked for; nothing is cut that would have fitted."""
    writer = Writer()
    text = writer.text(value, room, "v")
    json.loads(text.encode("utf-8", "replace"))
    assert len(text) < 4 * room
    whole = Writer().text(value, 10**6, "v")
    assert writer.cuts or text == whole


@given(st.integers() | st.floats() | st.booleans() | st.none())
def test_scalars(value: Any) -> None:
    """A scalar that has a text is read back as itself."""
    text = scalar_text(value)
    assert text is None or json.loads(text) == value
