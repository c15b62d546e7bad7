import json

from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, rule, statistics, text, trace_id
from xray_local.ingest.example import documents
from xray_local.state.region import Region


async def test_rules_have_counts_traces_and_the_decision(api: Client, region: Region) -> None:
    """About the request of the query."""
    await api.post("/SamplingTargets", json={"SamplingStatisticsDocuments": [statistics("Default")]})
    region.put_segments([json.dumps(document) for document in documents(trace_id(1), NOW)])
    data = await (await api.get("/sampling.json?path=/x&rate=21")).json()
    (line,) = data["rules"]
    assert (line["name"], line["matched"], line["sampled"], line["share"]) == ("Default", 10, 5, 0.5)
    assert (line["seen"], line["kept"], line["clients"], line["traces"]) == (1, 0.5, 1, 1)
    assert (data["decision"]["rule"], data["decision"]["kept"]) == ("Default", 2)
    assert (data["rule"], data["rehearsal"]) == (None, None)
    page = await (await api.get("/sampling?path=/x&rate=21")).text()
    assert "/x: <strong>Default</strong> decides: 1 a second, then 5 %." in page
    assert "At 21 requests a second it keeps 2 (9.52 %)." in page


async def test_a_rule_leads_to_its_clients_and_traces_and_they_lead_back(api: Client, region: Region) -> None:
    """The address that asks about a trace has the request that the service decided about."""
    await api.post("/SamplingTargets", json={"SamplingStatisticsDocuments": [statistics("Default")]})
    region.put_segments([json.dumps(document) for document in documents(trace_id(1), NOW)])
    region.put_segments([text(2)])
    found = (await (await api.get("/sampling.json?rule=Default")).json())["rule"]
    assert [(client["id"], client["matched"]) for client in found["clients"]] == [("0123456789abcdef01234567", 10)]
    (trace,) = found["traces"]
    assert (trace["href"], trace["service"], trace["status"]) == (f"/traces/{trace_id(1)}", "shop-api", 502)
    asked = await (await api.get(trace["why"].replace("/sampling?", "/sampling.json?"))).json()
    expected = "POST storefront.internal/checkout to storefront of type AWS::EKS::Container"
    assert asked["decision"]["request"] == expected
    region.put_segments([text(3, aws={"xray": {"sampling_rule_name": "Default"}})])
    page = await (await api.get("/sampling?rule=Default")).text()
    assert ('<td class="ok">ok</td>' in page, '<td class="fault">502</td>' in page) == (True, True)
    gone = (await (await api.get("/sampling.json?rule=gone")).json())["rule"]
    assert (gone["is_known"], gone["traces"], gone["clients"]) == (False, [], [])


async def test_edited_rules_are_rehearsed_on_stored_traces(api: Client, region: Region) -> None:
    """Nothing is changed; a mistake is named."""
    region.put_segments([text(number, start_time=NOW - 1) for number in range(1, 61)])
    data = await (await api.get("/sampling.json?rehearse=1&reservoir.Default=0&rate.Default=10")).json()
    assert (data["rehearsal"]["today"], round(data["rehearsal"]["then"], 6)) == (60, 6)
    assert [found["route"] for found in data["rehearsal"]["routes"]] == ["backend"]
    assert data["rules"][0]["reservoir"] == 1
    page = await (await api.get("/sampling?rehearse=1&reservoir.Default=0&rate.Default=10")).text()
    assert "Today 60 traces a minute, then about <strong>6</strong>." in page
    assert 'name="rate.Default" value="10"' in page
    page = await (await api.get("/sampling?rehearse=1&rate.Default=x")).text()
    assert "rate.Default: &#39;x&#39;: expected a number" in page


async def test_the_range_of_a_rehearsal_ends_now(api: Client, region: Region) -> None:
    """Older traces are left out."""
    region.put_segments([text(1, start_time=NOW - 7200, end_time=NOW - 7100), text(2)])
    counts = [
        (await (await api.get(f"/sampling.json?rehearse=1&range={range_}")).json())["rehearsal"]["traces"]
        for range_ in ("1h", "6h", "all", "nonsense")
    ]
    assert counts == [1, 2, 2, 2]


async def test_the_former_address_is_moved_with_its_query(api: Client) -> None:
    """Permanently, also as JSON."""
    for path, location in (("/rules?path=/x", "/sampling?path=%2Fx"), ("/rules.json", "/sampling.json")):
        answer = await api.get(path, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (301, location)


async def test_recorded_and_created_names_are_escaped(api: Client, region: Region) -> None:
    """In the table, in the fields and in the answer."""
    hostile = "<script>a</script>"
    await api.post("/CreateSamplingRule", json={"SamplingRule": rule("evil", URLPath=f"/{hostile}")})
    region.put_segments([text(1, aws={"xray": {"sampling_rule_name": hostile}}, name=hostile)])
    query = {"path": f"/{hostile}", "rule": hostile, "rehearse": "1", "new.name": hostile, "rules": hostile}
    page = await (await api.get("/sampling", params=query)).text()
    assert hostile not in page
    assert "&lt;script&gt;" in page
