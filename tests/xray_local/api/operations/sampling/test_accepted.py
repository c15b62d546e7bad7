from typing import Any

import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.samples import CLIENT, NOW
from xray_local.api.operations.sampling.accepted import accepted
from xray_local.state.region import Region

COUNTS = {"RequestCount": 3, "BorrowCount": 0}
DOCUMENT = {"RuleName": "Default", "ClientID": CLIENT, "Timestamp": NOW, **COUNTS}


async def test_statistics_of_the_adot_sampler_are_counted(api: Client, region: Region) -> None:
    """As aws-opentelemetry-distro 0.21 sends them; what is odd about them is noted."""
    statistics = [DOCUMENT | {"SampleCount": 2}]
    request = {"SamplingStatisticsDocuments": statistics, "SamplingBoostStatisticsDocuments": []}
    answer = await (await api.post("/SamplingTargets", json=request)).json()
    assert [target["RuleName"] for target in answer["SamplingTargetDocuments"]] == ["Default"]
    assert answer["UnprocessedBoostStatistics"] == []
    [window] = (await (await api.post("/SamplingStatisticSummaries", json={})).json())["SamplingStatisticSummaries"]
    assert (window["RequestCount"], window["SampledCount"]) == (3, 2)
    [problem] = region.problems.newest()
    assert (problem.verdict, problem.source) == ("odd", "GetSamplingTargets")
    assert problem.message == "SamplingStatisticsDocuments: SampleCount instead of SampledCount"


@pytest.mark.parametrize("key", ["SamplingStatisticsDocuments", "SamplingBoostStatisticsDocuments"])
def test_a_timestamp_in_milliseconds_is_read_as_such(key: str) -> None:
    """Java's samplers send those."""
    body, odd = accepted("GetSamplingTargets", {key: [DOCUMENT | {"Timestamp": NOW * 1000}, DOCUMENT]})
    assert [document["Timestamp"] for document in body[key]] == [NOW, NOW]
    assert odd == (f"{key}: Timestamp in milliseconds: expected epoch seconds",)


@pytest.mark.parametrize("documents", [None, 5, {}, [5, None], [{"SampledCount": 1, "SampleCount": 5}], [{}]])
def test_anything_else_is_left_for_the_check(documents: Any) -> None:
    """Of any type."""
    body = {"SamplingStatisticsDocuments": documents}
    assert accepted("GetSamplingTargets", body) == (body, ())
