"""The syntax tree of a filter expression, as frozen values."""

from dataclasses import dataclass
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str

BOOLEANS = ("ok", "error", "throttle", "fault", "partial", "inferred", "first", "last", "remote", "root")
NUMBERS = ("responsetime", "duration", "http.status", "index", "coverage")
STRINGS = (
    "http.url",
    "http.method",
    "http.useragent",
    "http.clientip",
    "user",
    "name",
    "type",
    "message",
    "availabilityzone",
    "instance.id",
    "resource.arn",
)
EQUALITY = ("=", "!=")
ORDER = ("=", "!=", "<", "<=", ">", ">=")
TEXT = ("=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH")
ROOT_CAUSES = ("fault", "error", "responsetime")
ROOT_CAUSE_PARTS = ("service", "entity", "exception")


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean keyword without a comparison."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Exists:
    """A number or string keyword without a comparison: it has a value."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A keyword, an operator and a value of the keyword's type."""

    keyword: str
    operator: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation compared with a value of any type; without an operator it must exist and not be false."""

    key: str
    operator: str | None = None
    value: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A service's name, type and account; None matches any."""

    name: str | None = None
    type: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the trace that matches the inner expression."""

    identity: Identity
    inner: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection between two services that matches the inner expression."""

    source: Identity
    target: Identity
    inner: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Group:
    """The trace belongs to a group, by its name or its ARN (`by` is `name` or `arn`); without an operator to any."""

    by: str
    operator: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class RootCause:
    """A service, entity or exception of a root cause that matches the inner expression."""

    cause: str
    part: str
    inner: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class RootCauseJson:
    """A root cause that fits one of these; a member that is left out is a wildcard. `document` is JSON text."""

    document: str


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of the operand."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """The conjunction of at least two operands."""

    operands: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """The disjunction of at least two operands."""

    operands: "tuple[Expression, ...]"


Expression: TypeAlias = (
    Flag | Exists | Compare | Annotation | Service | Edge | Group | RootCause | RootCauseJson | Not | And | Or
)


def names_groups(expression: Expression) -> bool:
    """Return whether an expression depends on the groups that a trace belongs to."""
    match expression:
        case Group():
            return True
        case Not(operand):
            return names_groups(operand)
        case And(operands) | Or(operands):
            return any(map(names_groups, operands))
        case Service(inner=inner) | Edge(inner=inner) | RootCause(inner=inner):
            return inner is not None and names_groups(inner)
        case _:
            return False
