"""The parts of a parsed filter expression: frozen values, equal when they mean the same."""

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
    """A boolean keyword by itself."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A keyword, an operator and a value of the keyword's type."""

    keyword: str
    operator: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation compared with a value of any type; without an operator it must be there and not false."""

    key: str
    operator: str | None = None
    value: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Which service is meant: by any of name, type and account."""

    name: str | None = None
    type: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the trace that the inner expression holds for."""

    identity: Identity
    inner: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection between two services that the inner expression holds for."""

    source: Identity
    target: Identity
    inner: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Group:
    """The trace belongs to a group, by its name or its ARN (`by` is `name` or `arn`)."""

    by: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class RootCause:
    """A part of a root cause that the inner expression holds for."""

    cause: str
    part: str
    inner: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class RootCauseJson:
    """A root cause with exactly this path of services and entities; `document` is JSON text."""

    document: str


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold; two at least."""

    operands: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """One operand holds; two at least."""

    operands: "tuple[Expression, ...]"


Expression: TypeAlias = (
    Flag | Compare | Annotation | Service | Edge | Group | RootCause | RootCauseJson | Not | And | Or
)
