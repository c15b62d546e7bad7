import json

from tests.xray_local.conftest import Client
from tests.xray_local.samples import document
from xray_local.page.listing.field import read
from xray_local.state.region import Region


async def completed(client: Client) -> dict[str, str]:
    answer = await client.get("/words.json")
    return {word["text"]: word["note"] for word in json.loads(await answer.read())}


async def test_the_field_completes_what_recent_traces_have(client: Client, region: Region) -> None:
    """Services, paths, users and annotations; each is a word of the field."""
    request = {"request": {"url": "http://shop/cart/42?x=1", "method": "GET"}}
    region.put(
        [document(1, name="web shop", http=request, user="bob", annotations={"plan": "gold", "note": "two words"})]
    )
    region.put([document(2, name="payments")])
    found = await completed(client)
    assert found['service("web shop")'] == found["service=payments"] == "service"
    assert (found["/cart/42"], found["user=bob"], found["plan=gold"], found["plan="]) == (
        "path", "user", "annotation", "annotation",
    )  # fmt: skip
    assert "note=two words" not in found
    for text in ('service("web shop")', "service=payments", "plan=gold", "failed", "5xx", ">500ms"):
        assert read(text, slow=0).mistake is None


async def test_the_filter_language_is_completed_without_traces(client: Client) -> None:
    """Keywords, functions and operators."""
    found = await completed(client)
    assert {"http.status", "responsetime", "http.url", 'edge("', "annotation.", "CONTAINS"} <= found.keys()
