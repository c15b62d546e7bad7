from tests.xray_local.samples import NOW, document, trace_id
from xray_local.state.store.summaries import summary_json
from xray_local.traces.summaries import summarize


def test_a_summary_survives_as_json() -> None:
    """With services, edges, root causes, annotations of every type and the sampling decision."""
    cause = {"exceptions": [{"type": "E", "message": "m"}]}
    call = {"id": f"{2:016x}", "name": "db", "start_time": NOW, "end_time": NOW + 1, "namespace": "remote"}
    http = {"request": {"method": "GET", "url": "/"}, "response": {"status": 500}}
    call |= {"fault": True, "cause": cause, "annotations": {"a": True, "b": 1.5, "c": "x"}}
    aws = {"xray": {"sampling_rule_name": "checkout"}}
    summary = summarize(trace_id(1), [document(1, fault=True, user="bob", http=http, aws=aws, subsegments=[call])])
    assert summary.sampling is not None
    assert summary_json.load(summary_json.dump(summary)) == summary
