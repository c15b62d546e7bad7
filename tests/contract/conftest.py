"""The two gateways that the contract suite runs on."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.fakes import InMemoryGateway
from xray_operator.aws.boto_gateway import BotoGateway
from xray_operator.aws.gateway import Gateway


@pytest.fixture
def xray_client(xray_local: Any) -> Iterator[Any]:
    """Return boto3's client for a real xray-local."""
    client = boto3.client(
        "xray",
        endpoint_url=xray_local.api,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    yield client
    client.close()


@pytest.fixture(params=["in memory", "boto3 to xray-local"])
def gateway(request: pytest.FixtureRequest) -> Gateway:
    """Return each gateway in turn, with the defaults only."""
    if request.param == "in memory":
        return InMemoryGateway()
    return BotoGateway(request.getfixturevalue("xray_client"))
