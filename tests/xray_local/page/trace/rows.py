"""Documents of traces that the tests of one trace's page share; times are seconds from 0."""

from typing import Any

from xray_local.traces.waterfall import Waterfall, waterfall


def document(name: str, start: float, end: float | None, parent: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a segment whose id is its name; without an end it is in progress."""
    body: dict[str, Any] = {"id": name, "name": name, "start_time": start, "end_time": end, "parent_id": parent, **more}
    return {key: value for key, value in body.items() if value is not None}


def call(name: str, start: float, end: float | None, parent: str, **more: Any) -> dict[str, Any]:
    """Return a remote subsegment that was sent separately."""
    return document(name, start, end, parent, type="subsegment", **({"namespace": "remote"} | more))


def http(method: str, url: str, status: int) -> dict[str, Any]:
    """Return the `http` of a document."""
    return {"request": {"method": method, "url": url}, "response": {"status": status}}


def thrown(type_: str, message: str) -> dict[str, Any]:
    """Return the members of a document that failed with an exception."""
    return {"fault": True, "cause": {"exceptions": [{"type": type_, "message": message}]}}


def checkout() -> Waterfall:
    """Return a shop that calls payments, which calls a fraud service that times out, and reads a table before."""
    bad: dict[str, Any] = {"fault": True}
    return waterfall(
        [
            document("shop", 0, 10, http=http("POST", "http://shop/checkout", 502), user="ann", **bad),
            call("table", 1, 2, "shop", namespace="aws", aws={"operation": "PutItem", "table_name": "orders"}),
            call("to-payments", 3, 9, "shop", http=http("POST", "http://payments.internal/charge", 502), **bad),
            document("payments", 4, 8, "to-payments", http=http("POST", "http://payments.internal/charge", 502), **bad),
            call(
                "to-fraud",
                5,
                7.5,
                "payments",
                http=http("POST", "http://fraud.internal/score", 503),
                **thrown("ReadTimeoutError", "Read timed out."),
            ),
            document("fraud", 5.5, 7, "to-fraud", http=http("POST", "http://fraud.internal/score", 503), **bad),
        ]
    )
