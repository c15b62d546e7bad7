import json

from tests.xray_local.samples import NOW, trace_id
from xray_local.ingest.example import documents
from xray_local.state.region import Region
from xray_local.traces.flags import Flag
from xray_local.traces.summaries import summarize


def test_the_example_is_one_trace_of_four_services_that_fails_in_the_last(region: Region) -> None:
    """The store accepts all of it; it has ended just now."""
    assert region.put_segments([json.dumps(document) for document in documents(trace_id(1), NOW)]) == []
    summary = summarize(trace_id(1), region.store.parsed(trace_id(1)))
    assert [service.name for service in summary.service_ids] == ["shop-api", "storefront", "payments", "fraud"]
    assert (summary.flags, summary.partial, summary.http.status) == ((Flag.FAULT,), False, 502)
    assert round(summary.start + summary.duration, 3) == NOW
    assert [cause.services[-1].name for cause in summary.fault_causes] == ["fraud"]
