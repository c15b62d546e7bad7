"""A namespace with objects in it can be deleted although the operator lives in it, and goes first.

There is no namespace controller, so the tests play its part: it ends the pods, then deletes what is in the namespace.
No other operator may run here: it would do what this one leaves undone.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.operator.bench import Bench, group, rule
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess

pytestmark = pytest.mark.process
_NUMBERS = count(1)


@pytest.fixture
def inhabited(api_server: Cluster, aws_process: Aws, tmp_path: Path) -> Iterator[Bench]:
    """Give a namespace that an operator of its own lives in and serves."""
    aws_process.reset()
    namespace = f"home-{next(_NUMBERS)}"
    api_server.kubectl("create", "namespace", namespace)
    kubeconfig = api_server.operator_client((namespace,)).kubeconfig(tmp_path / "kubeconfig")
    options: dict[str, float | str] = {"cluster_id": "home", "interval": 1, "aws_timeout": 2}
    places = {"namespaces": namespace, "home_namespace": namespace}
    with OperatorProcess(tmp_path, api=aws_process.api, kubeconfig=kubeconfig, **options, **places) as operator:
        operator.start()
        operator.wait_ready()
        yield Bench(api_server, aws_process, operator, namespace)


def test_a_namespace_can_be_deleted_with_the_operator_in_it(inhabited: Bench) -> None:
    """The operator is ended first, and does what the policies ask for before it goes."""
    inhabited.apply(rule(), group(deletionPolicy="Orphan"))
    inhabited.ready("xsr/checkout")
    inhabited.ready("xg/slow")
    inhabited.terminate()
    assert inhabited.operator.terminate() == 0
    inhabited.delete_content()
    assert inhabited.in_aws("checkout") is None
    assert inhabited.in_aws("slow", "group") is not None
    assert inhabited.tags("slow", "group") == {}


def test_while_aws_is_away_the_namespace_goes_and_aws_keeps_its_objects(inhabited: Bench) -> None:
    """They are named in the log."""
    inhabited.apply(rule())
    inhabited.ready("xsr/checkout")
    inhabited.terminate()
    fault = {"operation": "DeleteSamplingRule", "status": 503, "times": 1000}
    inhabited.aws.script([fault])
    assert inhabited.operator.terminate() == 0
    inhabited.aws.script([])
    inhabited.delete_content()
    assert inhabited.in_aws("checkout") is not None
    assert '"finalizer.removed"' in inhabited.operator.log


def test_an_ordinary_restart_leaves_everything(inhabited: Bench) -> None:
    """The namespace is not being deleted, so the finalizer and AWS stay."""
    inhabited.apply(rule())
    inhabited.ready("xsr/checkout")
    assert inhabited.operator.terminate() == 0
    assert "shutdown." not in inhabited.operator.log
    assert inhabited.read("xsr/checkout")["metadata"]["finalizers"] == ["xray.cruddur.io/finalizer"]
    assert inhabited.in_aws("checkout") is not None
    inhabited.operator.start()
    inhabited.delete("xsr/checkout")
