"""A recursive-descent parser of filter expressions; every error names its column.

Precedence from lowest to highest: `OR`, `AND` (optional between two terms), `!`.
"""

from difflib import get_close_matches

from xray_model.filter_expression import nodes
from xray_model.filter_expression.nodes import Expression, Identity, Scalar
from xray_model.filter_expression.tokens import FilterError, Kind, Token, tokenize

MAX_DEPTH = 40  # levels of ( ), { } and !; deeper input is an attack or an accident
KEYWORDS = (
    *nodes.BOOLEANS,
    *nodes.NUMBERS,
    *nodes.STRINGS,
    "annotation",
    "service",
    "edge",
    "group.name",
    "group.arn",
    "json",
    "rootcause.json",
)


def parse(text: str) -> Expression:
    """Parse an expression. Raise FilterError if it is invalid."""
    return _Parser(list(tokenize(text))).whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._without_annotations: str | None = None  # the keyword whose braces we are in, if they take none

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _symbol(self, symbol: str, after: str) -> None:
        if not self._peek().is_symbol(symbol):
            raise FilterError(self._peek().column, f"expected {symbol!r} {after}, found {self._peek()}")
        self._at += 1

    def whole(self) -> Expression:
        if self._peek().kind is Kind.END:
            raise FilterError(1, "expected an expression")
        expression = self._or()
        if self._peek().kind is not Kind.END:
            raise FilterError(self._peek().column, f"expected the end, AND or OR, found {self._peek()}")
        return expression

    def _or(self) -> Expression:
        operands = [self._and()]
        while self._peek().is_word("or"):
            self._at += 1
            operands.append(self._and())
        return operands[0] if len(operands) == 1 else nodes.Or(tuple(operands))

    def _and(self) -> Expression:
        operands = [self._not()]
        while True:
            if self._peek().is_word("and"):
                self._at += 1
            elif not self._starts_a_term():
                break
            operands.append(self._not())
        return operands[0] if len(operands) == 1 else nodes.And(tuple(operands))

    def _starts_a_term(self) -> bool:
        token = self._peek()
        return token.is_symbol("!", "(") or (token.kind is Kind.WORD and not token.is_word("or"))

    def _not(self) -> Expression:
        if not self._peek().is_symbol("!"):
            return self._term()
        with_bang = self._take()
        self._deeper(with_bang)
        operand = self._not()
        self._depth -= 1
        return nodes.Not(operand)

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FilterError(token.column, f"expected at most {MAX_DEPTH} levels of nesting")

    def _nested(self, closing: str) -> Expression:
        opening = self._take()
        self._deeper(opening)
        inner = self._or()
        self._symbol(closing, f"for the {opening.text!r} of column {opening.column}")
        self._depth -= 1
        return inner

    def _term(self) -> Expression:
        if self._peek().is_symbol("("):
            return self._nested(")")
        token = self._take()
        if token.kind is not Kind.WORD:
            raise FilterError(token.column, f"expected a keyword, found {token}")
        return self._keyword(token, token.text.lower())

    def _keyword(self, token: Token, word: str) -> Expression:
        if word == "annotation" or word.startswith("annotation."):
            return self._annotation(token)
        if word in {"service", "edge"}:
            return self._service() if word == "service" else self._edge()
        if word in {"group.name", "group.arn"}:
            return self._group(word)
        if word in {"json", "rootcause.json"}:
            return self._root_cause_json(word)
        if word.startswith("rootcause."):
            return self._root_cause(token)
        return self._compare(token, word)

    def _compare(self, token: Token, word: str) -> Expression:
        if word in nodes.BOOLEANS:
            if not self._peek().is_symbol(*nodes.EQUALITY):
                return nodes.Flag(word)
            return nodes.Compare(word, self._take().text, self._boolean())
        if word in {*nodes.NUMBERS, *nodes.STRINGS} and not self._compares():
            return nodes.Exists(word)
        if word in nodes.NUMBERS:
            return nodes.Compare(word, self._operator(word, nodes.ORDER), self._number())
        if word in nodes.STRINGS:
            return nodes.Compare(word, self._operator(word, nodes.TEXT), self._string())
        similar = get_close_matches(word, KEYWORDS, n=1)
        hint = f"; did you mean {similar[0]!r}?" if similar else ""
        raise FilterError(token.column, f"unknown keyword {token.text!r}{hint}")

    def _compares(self) -> bool:
        """Return whether an operator follows."""
        return self._peek().is_symbol(*nodes.ORDER) or self._peek().is_word("contains", "beginswith", "endswith")

    def _group(self, word: str) -> Expression:
        by = word.removeprefix("group.")
        if not self._compares():
            return nodes.Group(by)
        return nodes.Group(by, self._operator(word, nodes.EQUALITY), self._string())

    def _operator(self, word: str, allowed: tuple[str, ...]) -> str:
        token = self._take()
        operator = token.text.upper()
        if token.kind not in {Kind.SYMBOL, Kind.WORD} or operator not in allowed:
            raise FilterError(token.column, f"expected {', '.join(allowed)} after {word}, found {token}")
        return operator

    def _before(self) -> str:
        return self._tokens[self._at - 1].text.upper()

    def _string(self) -> str:
        after = self._before()
        token = self._take()
        if token.kind is not Kind.STRING:
            raise FilterError(token.column, f"expected a string after {after}")
        return token.text

    def _number(self) -> int | float:
        after = self._before()
        token = self._take()
        if token.kind is not Kind.NUMBER:
            raise FilterError(token.column, f"expected a number after {after}")
        return float(token.text) if set(token.text) & set(".eE") else int(token.text)

    def _boolean(self) -> bool:
        after = self._before()
        token = self._take()
        if not token.is_word("true", "false"):
            raise FilterError(token.column, f"expected true or false after {after}")
        return token.is_word("true")

    def _annotation(self, token: Token) -> Expression:
        if self._without_annotations:
            around = self._without_annotations
            raise FilterError(token.column, f"annotations cannot be filtered inside {around}(...) {{...}}")
        key = token.text[len("annotation.") :]
        if self._peek().is_symbol("[") and token.text.lower() == "annotation":
            self._at += 1
            key = self._bracketed_key()
        if not key:
            raise FilterError(token.column, "expected annotation.KEY or annotation[KEY]")
        return self._annotation_compare(key, self._take().text.upper()) if self._compares() else nodes.Annotation(key)

    def _bracketed_key(self) -> str:
        """Return the key up to the bracket: a string, or words with colons between them (`aws:api_id`)."""
        word = self._take()
        if word.kind not in {Kind.WORD, Kind.STRING, Kind.NUMBER} or not word.text:
            raise FilterError(word.column, "expected an annotation's key after [")
        key = word.text
        while word.kind is Kind.WORD and self._peek().is_symbol(":") and self._tokens[self._at + 1].kind is Kind.WORD:
            self._at += 1
            key += f":{self._take().text}"
        self._symbol("]", "after the annotation's key")
        return key

    def _annotation_compare(self, key: str, operator: str) -> Expression:
        if operator in nodes.TEXT and operator not in nodes.EQUALITY:
            return nodes.Annotation(key, operator, self._string())
        if operator not in nodes.EQUALITY or self._peek().kind is Kind.NUMBER:
            return nodes.Annotation(key, operator, self._number())
        value: Scalar
        if self._peek().kind is Kind.STRING:
            value = self._take().text
        elif self._peek().is_word("true", "false"):
            value = self._boolean()
        else:
            raise FilterError(self._peek().column, f"expected a string, a number, true or false after {operator}")
        return nodes.Annotation(key, operator, value)

    def _inner(self, around: str | None = None) -> Expression | None:
        """Parse what follows in braces; `around` is the keyword, if annotations cannot be filtered inside it."""
        if not self._peek().is_symbol("{"):
            return None
        outer, self._without_annotations = self._without_annotations, around or self._without_annotations
        inner = self._nested("}")
        self._without_annotations = outer
        return inner

    def _service(self) -> Expression:
        self._symbol("(", "after service")
        identity = Identity() if self._peek().is_symbol(")") else self._identity("service(")
        self._symbol(")", "after the service's name")
        return nodes.Service(identity, self._inner("service"))

    def _edge(self) -> Expression:
        self._symbol("(", "after edge")
        source = self._identity("edge(")
        self._symbol(",", "between the two services")
        target = self._identity(",")
        self._symbol(")", "after the second service")
        return nodes.Edge(source, target, self._inner("edge"))

    def _identity(self, after: str) -> Identity:
        token = self._take()
        if token.kind is Kind.STRING:
            return Identity(name=token.text)
        if not token.is_word("id"):
            raise FilterError(token.column, f"expected a string or id(...) after {after}")
        self._symbol("(", "after id")
        found: dict[str, str] = {}
        while True:
            self._identity_pair(found)
            if not self._peek().is_symbol(","):
                break
            self._at += 1
        self._symbol(")", "after id's pairs")
        return Identity(**found)

    def _identity_pair(self, found: dict[str, str]) -> None:
        token = self._take()
        if not token.is_word("name", "type", "account.id"):
            raise FilterError(token.column, f"expected name, type or account.id, found {token}")
        field = token.text.lower().replace(".", "_")
        if field in found:
            raise FilterError(token.column, f"duplicate key {token.text!r}")
        self._symbol(":", f"after {token.text}")
        found[field] = self._string()

    def _root_cause(self, token: Token) -> Expression:
        _, *rest = token.text.lower().split(".")
        if len(rest) != 2 or rest[0] not in nodes.ROOT_CAUSES or rest[1] not in nodes.ROOT_CAUSE_PARTS:
            causes, parts = "|".join(nodes.ROOT_CAUSES), "|".join(nodes.ROOT_CAUSE_PARTS)
            raise FilterError(token.column, f"expected rootcause.{{{causes}}}.{{{parts}}}, found {token}")
        return nodes.RootCause(rest[0], rest[1], self._inner())

    def _root_cause_json(self, word: str) -> Expression:
        self._operator(word, ("=",))
        token = self._take()
        if token.kind is not Kind.JSON:
            raise FilterError(token.column, "expected #[...] after =")
        return nodes.RootCauseJson(token.text)
