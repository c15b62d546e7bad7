"""AWS for the tests: xray-local by boto3 on the agent's port, and its scripted faults.

The operator uses the API's port, so the log of calls distinguishes the two.
"""

import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import boto3

from xray_operator.aws.boto_gateway import BotoGateway
from xray_operator.aws.objects import AwsObject, Target, Value

OPERATOR_ENDPOINT = "api"
Fault = Mapping[str, Any]


class Aws:
    """A running xray-local: `api` is its URL, `agent` the agent's host and port."""

    def __init__(self, api: str, agent: str) -> None:
        self.api = api
        self._client = boto3.client(
            "xray",
            endpoint_url=f"http://{agent}",
            region_name="us-east-1",
            aws_access_key_id="another",
            aws_secret_access_key="client",
        )
        self.gateway = BotoGateway(self._client)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def objects(self) -> list[AwsObject]:
        """Read all rules and groups."""
        return [*self.gateway.rules(), *self.gateway.groups()]

    def tags(self, found: AwsObject) -> dict[str, str]:
        """Read an object's tags."""
        return dict(self.gateway.tags(found.arn))

    def find(self, target: Target) -> AwsObject | None:
        """Read one object."""
        return next((item for item in self.objects() if item.target == target), None)

    def record(self, target: Target) -> dict[str, Any]:
        """Read an object as AWS returns it, with a rule's times."""
        kind, name = target
        if kind == "group":
            return dict(self._client.get_group(GroupName=name)["Group"])
        records = self._client.get_sampling_rules()["SamplingRuleRecords"]
        return next(dict(record) for record in records if record["SamplingRule"]["RuleName"] == name)

    def create(self, value: Value, tags: Mapping[str, str]) -> None:
        """Create an object as another client."""
        self.gateway.create(value, tags)

    def reset(self) -> None:
        """Empty it: objects, faults and the log of calls."""
        self._control("POST", "reset")

    def script(self, faults: Sequence[Fault]) -> None:
        """Set the faults to come; an empty list clears them."""
        self._control("PUT", "faults", list(faults))

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that have not applied yet."""
        return list(self._control("GET", "faults"))

    @contextmanager
    def without_faults(self) -> Iterator[None]:
        """Suspend the faults during the tests' own calls."""
        waiting = self.faults()
        self.script([])
        try:
            yield
        finally:
            self.script(waiting)

    def forget_calls(self) -> None:
        """Empty the log of calls."""
        self._control("DELETE", "requests")

    def operators_calls(self) -> list[str]:
        """Return the operations that the operator has called since."""
        return [
            request["operation"]
            for request in self._control("GET", "requests")
            if request["listener"] == OPERATOR_ENDPOINT
        ]

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/_local/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())
