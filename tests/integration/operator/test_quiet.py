"""Nothing is written that need not be: neither to Kubernetes nor to AWS."""

import pytest

from tests.integration.faults.aws import Aws
from tests.integration.operator.bench import Bench, group, rule
from tests.integration.operator.conftest import CLUSTER_ID
from tools.local_cluster import Cluster
from tools.operator_process import OperatorProcess

pytestmark = pytest.mark.process
READS = {"GetSamplingRules", "GetGroups", "GetSamplingStatisticSummaries", "ListTagsForResource"}


def writes(bench: Bench) -> list[str]:
    """Give the operator's calls to AWS that are no reads."""
    return [one for one in bench.aws.operators_calls() if one not in READS]


def test_a_new_object_takes_two_patches(bench: Bench) -> None:
    """One with the finalizer, one of the status."""
    bench.apply(rule(), group())
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.look_anew("xsr/checkout", "one")
    made = bench.patches()
    assert [one for one in made if one[0] == "slow"][:2] == [("slow", ""), ("slow", "status")]
    assert len([one for one in made if one == ("checkout", "")]) == 1


def test_what_gitops_tools_do_causes_no_write(bench: Bench) -> None:
    """Applied again, compared, labelled, annotated: AWS and the status stay as they are."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    bench.look_anew("xsr/checkout", "one")
    bench.aws.forget_calls()
    before = bench.patches()
    bench.apply(rule())
    bench.kubectl("diff", "--server-side", "--force-conflicts", "-f", "-", text=str(rule()).replace("'", '"'))
    bench.kubectl("label", "xsr/checkout", "argocd.argoproj.io/instance=shop")
    bench.kubectl("annotate", "xsr/checkout", "argocd.argoproj.io/sync-wave=1")
    bench.look_anew("xsr/checkout", "two")
    assert writes(bench) == []
    assert [one for one in bench.patches()[len(before) :] if one != ("checkout", "status")] == []
    told = [one for one in bench.patches()[len(before) :] if one == ("checkout", "status")]
    assert len(told) == 1, "only the acknowledgement of the annotation is written"


def test_a_restart_with_nothing_changed_writes_nothing(bench: Bench) -> None:
    """It reads AWS and the objects, and that is all."""
    bench.apply(rule(), group())
    bench.ready("xsr/checkout")
    bench.ready("xg/slow")
    bench.operator.kill()
    bench.aws.forget_calls()
    before = bench.patches()
    bench.operator.start()
    bench.operator.wait_ready()
    bench.until(lambda: bench.aws.operators_calls().count("GetSamplingRules") >= 3, wanted=True)
    assert (writes(bench), bench.patches()[len(before) :]) == ([], [])


def test_aws_is_read_once_for_all(bench: Bench) -> None:
    """Twenty objects that look at AWS cause no more lists than one."""
    bench.apply(*(rule(f"look-{n}", managementPolicy="Observe") for n in range(20)))
    bench.until(lambda: bench.condition("xsr/look-19", "Synced"), "False Observed")
    bench.aws.forget_calls()
    bench.until(lambda: bench.aws.operators_calls().count("GetSamplingRules") >= 3, wanted=True)
    calls = bench.aws.operators_calls()
    assert abs(calls.count("GetSamplingRules") - calls.count("GetGroups")) <= 1
    assert set(calls) <= {"GetSamplingRules", "GetGroups", "GetSamplingStatisticSummaries"}
    assert calls.count("GetSamplingRules") <= 4


def test_the_owner_tag_names_cluster_namespace_and_object(api_server: Cluster, bench: Bench, aws_process: Aws) -> None:
    """And the deletion policy stands beside it."""
    bench.apply(rule())
    bench.ready("xsr/checkout")
    assert bench.tags("checkout") == {
        "xray.cruddur.io/owner": f"{CLUSTER_ID}/{bench.namespace}/checkout",
        "xray.cruddur.io/deletion-policy": "Delete",
    }


def test_an_operator_that_is_told_to_stop_ends_well(bench: Bench, operator_process: OperatorProcess) -> None:
    """Exit code 0 on SIGTERM, and the next one goes on."""
    assert operator_process.terminate() == 0
    operator_process.start()
    operator_process.wait_ready()
    bench.apply(rule())
    bench.ready("xsr/checkout")
