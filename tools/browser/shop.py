"""The traffic of a shop, for screenshots and measurements: an API gateway, a storefront, payments and fraud detection.

Every number of traces has the same ones, apart from their times. The segments go to X-Ray's API, as an SDK's do.
"""

import json
import math
import random
import urllib.request
from collections.abc import Iterator
from typing import Any

ROUTES = (
    ("POST", "/checkout", 0.30),
    ("GET", "/cart/42", 0.06),
    ("GET", "/products?category=shoes&page=3", 0.09),
    ("GET", "/orders/8841", 0.12),
    ("POST", "/webhooks/stripe", 0.2),
)
"""Method, path and the usual seconds of a request."""

OUTCOMES = {"ok": 80, "throttle": 5, "fault": 6, "error": 6, "remote": 3}
"""How often a request ends in each way; `remote` is a fault of the service behind payments."""

STATUS = {"ok": 200, "throttle": 429, "fault": 500, "error": 404, "remote": 502}
FLAGS: dict[str, dict[str, bool]] = {
    "throttle": {"throttle": True, "error": True},
    "fault": {"fault": True},
    "error": {"error": True},
    "remote": {"fault": True},
}
RULES = ("checkout", "storefront-all", "Default")
STACK = [
    {"path": "/usr/local/lib/python3.12/site-packages/botocore/client.py", "line": 1078, "label": "_make_api_call"},
    {"path": "/app/storefront/orders/repository.py", "line": 88, "label": "put_order"},
    {"path": "/app/storefront/orders/service.py", "line": 41, "label": "checkout"},
    {"path": "/app/storefront/routes/checkout.py", "line": 23, "label": "post_checkout"},
    {"path": "/usr/local/lib/python3.12/site-packages/flask/app.py", "line": 880, "label": "full_dispatch_request"},
]
SEGMENTS_PER_CALL = 50
SEED = 7
Segment = dict[str, Any]


class _Trace:
    """One request to the shop: its segments, with times relative to what the storefront took."""

    def __init__(self, random_: random.Random, start: float, *, failing: bool) -> None:
        self._random = random_
        self.start = start
        self.method, self.path, base = ROUTES[0] if failing else random_.choice(ROUTES)
        self.id = f"1-{int(start):08x}-{random_.getrandbits(96):024x}"
        self.took = base * math.exp(random_.gauss(0, 0.55)) * (8 if random_.random() < 0.03 else 1)
        self.outcome = "remote" if failing else random_.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
        self.status = STATUS[self.outcome]
        self.flags = FLAGS.get(self.outcome, {})
        self.user = f"user-{random_.randint(1, 20)}"

    def _id(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def _part(self, name: str, start: float, end: float, **more: Any) -> Segment:
        """A subsegment from one share of the storefront's time to another one."""
        times = {"start_time": self.start + self.took * start, "end_time": self.start + self.took * end}
        return {"id": self._id(), "name": name, **times, **more}

    def _call(self, host: str, path: str, start: float, end: float, status: int = 200, **more: Any) -> Segment:
        request = {"method": "POST", "url": f"http://{host}{path}", "traced": True}
        http = {"request": request, "response": {"status": status}}
        return self._part(host, start, end, namespace="remote", http=http, **more)

    def _segment(self, name: str, start: float, end: float, url: str, method: str, status: int, **more: Any) -> Segment:
        http = {"request": {"method": method, "url": url}, "response": {"status": status}}
        return {"trace_id": self.id, **self._part(name, start, end, http=http), **more}

    def segments(self) -> Iterator[Segment]:
        """Yield the segments of the services in the order in which they are called."""
        front = self._call("storefront.internal", self.path, 0.035, 1.06, self.status, **self.flags)
        front["http"]["request"]["method"] = self.method
        authorizer = self._part("Lambda/Authorizer", 0.005, 0.03, namespace="aws")
        url = f"https://shop.example.com{self.path}"
        yield self._segment(
            "shop-api/prod", 0, 1.08, url, self.method, self.status,
            origin="AWS::ApiGateway::Stage", subsegments=[authorizer, front], **self.flags,
        )  # fmt: skip
        paid = self.path == "/checkout" and self.outcome != "fault"
        charge = self._call("payments.internal", "/charge", 0.3, 0.85, 502 if self._is_remote else 200, **self._remote)
        calls = [self._table(), *((self._receipt(), charge, self._queue()) if paid else ())]
        url = f"http://storefront.internal{self.path}"
        yield self._segment(
            "storefront", 0.04, 1.04, url, self.method, self.status, parent_id=front["id"],
            origin="AWS::EKS::Container", user=self.user, annotations=self._annotations(), aws=self._aws(),
            metadata={"default": {"feature_flags": {"new_checkout": True, "one_click": False}}},
            service={"version": "2026.11.3", "runtime": "CPython", "runtime_version": "3.12.7"},
            subsegments=calls, **self.flags,
        )  # fmt: skip
        if paid:
            yield from self._payments(charge["id"])

    @property
    def _is_remote(self) -> bool:
        return self.outcome == "remote"

    @property
    def _remote(self) -> dict[str, bool]:
        return {"fault": True} if self._is_remote else {}

    def _annotations(self) -> dict[str, Any]:
        return {"user": self.user, "release": "2026.11.3", "canary": self._random.random() < 0.1}

    def _aws(self) -> dict[str, Any]:
        sdk = {"sdk": "X-Ray for Python", "sdk_version": "2.15.0", "sampling_rule_name": self._random.choice(RULES)}
        return {"xray": sdk, "eks": {"cluster_name": "shop", "pod": "storefront-7d9f-abcde"}}

    def _table(self) -> Segment:
        operation = "GetItem" if self.method == "GET" else "PutItem"
        aws = {"operation": operation, "table_name": "orders", "region": "us-east-1", "retries": 0}
        failed: dict[str, Any] = {}
        if self.outcome == "throttle":
            failed, aws["retries"] = FLAGS["throttle"], 2
        if self.outcome == "fault":
            texts = (
                ("ClientError", f"ProvisionedThroughputExceededException when calling the {operation} operation"),
                ("OrderNotSaved", "order 8841 could not be saved"),
            )
            exceptions = [
                {"id": self._id(), "type": type_, "message": message, "stack": STACK[at:]}
                for at, (type_, message) in enumerate(texts)
            ]
            failed = {"fault": True, "cause": {"working_directory": "/app", "exceptions": exceptions}}
        return self._part("DynamoDB", 0.06, 0.22, namespace="aws", aws=aws, **failed)

    def _receipt(self) -> Segment:
        annotations = {"template": "receipt-v2", "items": self._random.randint(1, 9)}
        return self._part("render-receipt", 0.22, 0.3, annotations=annotations)

    def _queue(self) -> Segment:
        queue = "https://sqs.us-east-1.amazonaws.com/111122223333/orders-to-ship"
        aws = {"operation": "SendMessage", "queue_url": queue, "region": "us-east-1"}
        return self._part("SQS", 0.86, 0.97, namespace="aws", aws=aws)

    def _payments(self, parent: str) -> Iterator[Segment]:
        failed: dict[str, Any] = {}
        if self._is_remote:
            message = "HTTPConnectionPool(host='fraud.internal', port=80): Read timed out. (read timeout=2)"
            exception = {"id": self._id(), "type": "urllib3.exceptions.ReadTimeoutError", "message": message}
            failed = {"fault": True, "cause": {"exceptions": [exception | {"stack": STACK[2:]}]}}
        status = 503 if self._is_remote else 200
        score = self._call("fraud.internal", "/score", 0.47, 0.8, status, **failed)
        query = "SELECT id, amount, currency, status FROM charges WHERE order_id = ? FOR UPDATE"
        sql = {"url": "postgresql://db.internal:5432/payments", "database_type": "PostgreSQL", "sanitized_query": query}
        database = self._part("payments@db.internal", 0.35, 0.45, namespace="remote", sql=sql)
        annotations = {"provider": "stripe", "amount": round(self._random.random() * 200, 2)}
        yield self._segment(
            "payments", 0.33, 0.83, "http://payments.internal/charge", "POST", 502 if self._is_remote else 200,
            parent_id=parent, origin="AWS::EKS::Container", annotations=annotations, subsegments=[database, score],
            **self._remote,
        )  # fmt: skip
        yield self._segment(
            "fraud", 0.5, 0.78, "http://fraud.internal/score", "POST", status,
            parent_id=score["id"], origin="AWS::Lambda::Function", **self._remote,
        )  # fmt: skip


def segments(now: float, traces: int, spread: float) -> Iterator[Segment]:
    """Yield the segments of traces that started evenly in the seconds of `spread` before now.

    The third from the end fails over four services.
    """
    random_ = random.Random(SEED)
    for number in range(traces):
        start = now - spread * (1 - number / traces) - random_.random()
        yield from _Trace(random_, start, failing=number == traces - 3).segments()


def send(api: str, now: float, traces: int = 240, spread: float = 5_400.0) -> None:
    """Store the traces in the xray-local at an address; RuntimeError if it refuses one."""
    waiting: list[str] = []
    for segment in segments(now, traces, spread):
        waiting.append(json.dumps(segment))
        if len(waiting) == SEGMENTS_PER_CALL:
            _put(api, waiting)
            waiting.clear()
    _put(api, waiting)


def _put(api: str, documents: list[str]) -> None:
    body = json.dumps({"TraceSegmentDocuments": documents}).encode()
    request = urllib.request.Request(f"{api}/TraceSegments", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        refused = json.load(answer)["UnprocessedTraceSegments"]
    if refused:
        raise RuntimeError(f"{api} refused {refused[0]}")
