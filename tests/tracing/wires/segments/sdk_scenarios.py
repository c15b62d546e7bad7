"""What apps write with the X-Ray SDK, as functions of an API that the stock SDK and our recording both provide.

`main` prints what the stock SDK sends: the documents of each scenario, as JSON.
"""

import datetime
import decimal
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

RULE = "checkout"
PARENT = "53995c3f42cd8ad8"
ORIGIN = "AWS::EC2::Instance"
EC2 = {"instance_id": "i-0b22a22eec53b9321", "availability_zone": "us-west-2c", "instance_type": "t3.micro"}


class Api(Protocol):
    """The X-Ray SDK's calls; they write to what was begun last."""

    def begin_segment(self, name: str) -> None:
        """Begin a segment."""

    def begin_subsegment(self, name: str, namespace: str = "local") -> None:
        """Begin a subsegment."""

    def end(self) -> None:
        """End what was begun last."""

    def annotate(self, key: str, value: Any) -> None:
        """put_annotation."""

    def add_metadata(self, key: Any, value: Any, namespace: str = "default") -> None:
        """put_metadata."""

    def http(self, key: str, value: Any) -> None:
        """put_http_meta."""

    def user(self, name: str) -> None:
        """set_user."""

    def aws(self, values: dict[str, Any]) -> None:
        """set_aws."""

    def sql(self, values: dict[str, Any]) -> None:
        """set_sql."""

    def field(self, name: str, value: Any) -> None:
        """Assign a field of the entity."""

    def exception(self, error: BaseException, stack: Any, remote: bool = False) -> None:
        """add_exception."""


@contextmanager
def segment(api: Api, name: str = "shop") -> Iterator[None]:
    api.begin_segment(name)
    yield
    api.end()


@contextmanager
def subsegment(api: Api, name: str, namespace: str = "local") -> Iterator[None]:
    """As `in_subsegment`: an exception that leaves the block is recorded."""
    api.begin_subsegment(name, namespace)
    try:
        yield
    except Exception as error:
        api.exception(error, traceback.extract_tb(error.__traceback__, limit=10))
        raise
    finally:
        api.end()


def nested(api: Api) -> None:
    with segment(api):
        with subsegment(api, "outer"):
            with subsegment(api, "inner"):
                pass
            with subsegment(api, "inner"):
                pass
        with subsegment(api, "second"):
            pass


def names(api: Api) -> None:
    with segment(api, "shop; *of* (mine)!"):
        for name in ("GET /users/<id>", "größe: 7 % & more", "a+b=c@d\\e-f#g", "x" * 200):
            with subsegment(api, name):
                pass


def annotations(api: Api) -> None:
    with segment(api):
        api.annotate("text", 'grün "quoted" \\ \n\t\x00 \U0001f600')
        api.annotate("empty", "")
        api.annotate("long", "x" * 1000)
        with subsegment(api, "s"):
            for key, value in {"int": 7, "negative": -1, "big": 2**62, "float": 0.1, "yes": True, "no": False}.items():
                api.annotate(key, value)


@dataclass
class Cart:
    """An object as apps put it into metadata."""

    items: list[str] = field(default_factory=lambda: ["a", "b"])
    total: float = 9.5
    _secret: str = "no"


METADATA: dict[str, Any] = {
    "dict": {"a": {"b": [1, 2, {"c": None}]}},
    "list": [1, "two", 3.5, True, None],
    "tuple": (1, 2),
    "set": {1},
    "empty": {},
    "object": Cart(),
    "class": Cart,
    "time": datetime.datetime(2026, 11, 29, 12, 30, tzinfo=datetime.UTC),
    "decimal": decimal.Decimal("1.50"),
    "uuid": uuid.UUID(int=1),
    "keys": {2: "int", 1.5: "float", True: "bool", None: "none"},
    "view": {"a": 1}.keys(),
    "text": "größe\u2028\x1f",
}


def metadata(api: Api) -> None:
    with segment(api):
        for key, value in METADATA.items():
            api.add_metadata(key, value)
        with subsegment(api, "s"):
            api.add_metadata("key", {"a": 1}, "first")
            api.add_metadata("key", [1], "second")
            api.add_metadata("other", "x", "first")


def http_server(api: Api) -> None:
    with segment(api):
        api.http("url", "http://shop.example.com/cart")
        api.http("method", "POST")
        api.http("user_agent", "curl/8")
        api.http("client_ip", "203.0.113.9, 10.0.0.1")
        api.http("x_forwarded_for", True)
        api.http("status", 201)
        api.http("content_length", 512)
        api.user("alice")


def http_client(api: Api) -> None:
    with segment(api):
        for status in (200, 302, 404, 429, 500, 503):
            with subsegment(api, "api.example.com", "remote"):
                api.http("method", "GET")
                api.http("url", "https://api.example.com/v1")
                api.http("status", status)


def aws_calls(api: Api) -> None:
    with segment(api):
        with subsegment(api, "dynamodb", "aws"):
            api.aws(
                {
                    "operation": "PutItem",
                    "region": "us-east-1",
                    "request_id": "3AIENM5J4ELQ3SPODHKBIRVIC3",
                    "table_name": "carts",
                    "attribute_count": 3,
                }
            )
            api.http("status", 200)
        with subsegment(api, "s3", "aws"):
            api.aws({"operation": "GetObject", "region": "eu-west-1", "id_2": "x2", "bucket_name": "b", "key": "k"})
            api.http("status", 400)
            api.exception(ValueError("NoSuchKey"), None, True)


def sql(api: Api) -> None:
    with segment(api), subsegment(api, "execute", "remote"):
        api.sql(
            {
                "database_type": "PostgreSQL",
                "url": "postgresql://ada@db.example.com:5432/shop",
                "user": "ada",
                "database_version": "160001",
                "driver_version": "Psycopg 2",
                "sanitized_query": "SELECT 1",
            }
        )


def raised(depth: int) -> None:
    if depth:
        raised(depth - 1)
    raise ValueError("not in stock: größe")


def exception(api: Api) -> None:
    with segment(api), subsegment(api, "check"):
        try:
            raised(3)
        except ValueError as error:
            api.exception(error, traceback.extract_tb(error.__traceback__, limit=10))


def exception_that_passes_up(api: Api) -> None:
    """The outer subsegment refers to the exception that the inner one has."""
    with segment(api):
        try:
            with subsegment(api, "outer"), subsegment(api, "inner"):
                raised(1)
        except ValueError:
            pass


def two_exceptions(api: Api) -> None:
    with segment(api), subsegment(api, "check"):
        api.exception(KeyError("first"), [("/srv/app/shop.py", 7, "check")])
        api.exception(RuntimeError(), None, True)


def flags(api: Api) -> None:
    with segment(api):
        api.field("fault", True)
        with subsegment(api, "s"):
            api.field("error", True)
            api.field("throttle", True)


def precursors(api: Api) -> None:
    with segment(api), subsegment(api, "s"):
        api.field("precursor_ids", ["1a2b3c4d5e6f7a8b"])


def many(api: Api) -> None:
    """The stock SDK streams them."""
    with segment(api):
        for number in range(100):
            with subsegment(api, f"s{number}"):
                api.annotate("number", number)


SCENARIOS: tuple[Callable[[Api], None], ...] = (
    nested,
    names,
    annotations,
    metadata,
    http_server,
    http_client,
    aws_calls,
    sql,
    exception,
    exception_that_passes_up,
    two_exceptions,
    flags,
    precursors,
    many,
)
