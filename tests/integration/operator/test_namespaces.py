"""A namespace with objects in it can be deleted although the operator runs in it and ends first.

There is no namespace controller: the tests end the operator, then delete the objects. No other operator may run here,
since it would do what this one leaves undone.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.operator.fixture import OperatorFixture, group, make_operator, rule
from tools.local_cluster import Cluster

pytestmark = pytest.mark.process
_NUMBERS = count(1)


@pytest.fixture
def operator(api_server: Cluster, aws: Aws, tmp_path: Path) -> Iterator[OperatorFixture]:
    """Run an operator in the namespace that it watches."""
    aws.reset()
    namespace = f"home-{next(_NUMBERS)}"
    api_server.kubectl("create", "namespace", namespace)
    with make_operator(api_server, aws, tmp_path, (namespace,), home_namespace=namespace) as process:
        process.start()
        process.wait_ready()
        yield OperatorFixture(api_server, aws, process, namespace)


def test_operator_carries_out_the_policies_before_it_ends_with_its_namespace(operator: OperatorFixture) -> None:
    """An ordinary restart before that leaves the finalizers and AWS as they are."""
    operator.apply_in_sync(rule(), group(deletionPolicy="Orphan"))
    assert operator.process.terminate() == 0
    assert "shutdown." not in operator.process.log
    assert operator.finalizers("xsr/checkout") == ["xray.cruddur.io/finalizer"]
    assert operator.aws_value("checkout") is not None
    operator.process.start()
    operator.process.wait_ready()
    operator.terminate_namespace()
    assert operator.process.terminate() == 0
    operator.delete_all()
    assert operator.aws_value("checkout") is None
    assert operator.tags("slow", "group") == {}


def test_finalizers_are_removed_with_the_namespace_while_aws_is_unreachable(operator: OperatorFixture) -> None:
    """AWS keeps the objects, and the log names them."""
    operator.apply_in_sync(rule())
    operator.terminate_namespace()
    operator.aws.script([{"operation": "DeleteSamplingRule", "status": 503, "times": 1000}])
    assert operator.process.terminate() == 0
    operator.aws.script([])
    operator.delete_all()
    assert operator.aws_value("checkout") is not None
    assert '"finalizer.removed"' in operator.process.log
