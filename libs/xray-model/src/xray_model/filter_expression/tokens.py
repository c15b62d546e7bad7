"""The tokenizer of filter expressions; each token has its column."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from xray_model import limits


class FilterError(ValueError):
    """An invalid filter expression; `column` counts characters from 1."""

    def __init__(self, column: int, problem: str) -> None:
        super().__init__(f"column {column}: {problem}")
        self.column = column
        self.problem = problem


class Kind(Enum):
    """A kind of token; the value is its name in messages."""

    WORD = "a keyword"
    NUMBER = "a number"
    STRING = "a string"
    JSON = "a JSON document after #"
    SYMBOL = "a symbol"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the expression; the `text` of a string has no quotes and escapes."""

    kind: Kind
    text: str
    column: int

    def is_symbol(self, *symbols: str) -> bool:
        """Return whether this is one of these symbols."""
        return self.kind is Kind.SYMBOL and self.text in symbols

    def is_word(self, *words: str) -> bool:
        """Return whether this is one of these words, ignoring case."""
        return self.kind is Kind.WORD and self.text.lower() in words

    def __str__(self) -> str:
        return self.kind.value if self.kind is Kind.END else repr(self.text)


_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[A-Za-z_][\w.\-]*", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?(?![\w.])", re.ASCII)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SYMBOL = re.compile(r"!=|<=|>=|[=<>!(){}\[\],:]")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens and an END. Raise FilterError for an invalid character or string."""
    if len(text) > limits.FILTER_EXPRESSION_MAX:
        longest = limits.FILTER_EXPRESSION_MAX
        raise FilterError(longest + 1, f"expected at most {longest} characters")
    at = 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
            continue
        token, at = _token(text, at)
        yield token
    yield Token(Kind.END, "", len(text) + 1)


def _token(text: str, at: int) -> tuple[Token, int]:
    column = at + 1
    if text[at] == "#":
        return _json(text, at)
    if text[at] == '"':
        found = _STRING.match(text, at)
        if not found:
            raise FilterError(column, 'unterminated string: expected a closing "')
        return Token(Kind.STRING, _ESCAPE.sub(r"\1", found[1]), column), found.end()
    for kind, pattern in ((Kind.NUMBER, _NUMBER), (Kind.WORD, _WORD), (Kind.SYMBOL, _SYMBOL)):
        if found := pattern.match(text, at):
            return Token(kind, found[0], column), found.end()
    raise FilterError(column, f"unexpected character {text[at]!r}")


def _json(text: str, at: int) -> tuple[Token, int]:
    try:
        document, end = json.JSONDecoder().raw_decode(text, at + 1)
    except (ValueError, RecursionError) as error:
        raise FilterError(at + 2, "expected a JSON document after #") from error
    return Token(Kind.JSON, json.dumps(document), at + 1), end
