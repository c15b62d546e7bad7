"""What all pages share, over HTTP."""

import gzip
import re

import pytest

from tests.xray_local.conftest import Client


async def test_a_page_that_has_not_changed_is_not_sent_again(api: Client) -> None:
    """Its ETag is that of the content."""
    first = await api.get("/groups")
    again = await api.get("/groups", headers={"If-None-Match": first.headers["ETag"]})
    other = await api.get("/refused", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read(), other.status) == (304, b"", 200)


async def test_a_page_is_compressed_for_a_client_that_can_read_it(api: Client) -> None:
    """The content is the same."""
    plain = await api.get("/groups", headers={"Accept-Encoding": "identity"})
    packed = await api.get("/groups", headers={"Accept-Encoding": "gzip"}, compress=None)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    raw = await packed.read()
    assert (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw) == await plain.read()
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2


async def test_static_files_have_the_hash_of_their_content_in_their_address(api: Client) -> None:
    """So that they are kept for a year."""
    text = await (await api.get("/")).text()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', text)
    assert len(addresses) >= 4
    for address in addresses:
        answer = await api.get(address)
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert (await api.get("/static/css/base.css")).status == 404


async def test_a_theme_is_kept_in_a_cookie(api: Client) -> None:
    """The link returns to where it was."""
    answer = await api.get("/theme?set=dark&back=/groups%3Fx=1", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/groups?x=1")
    assert 'data-theme="dark"' in await (await api.get("/")).text()
    await api.get("/theme?set=foreign")
    assert "data-theme" not in await (await api.get("/")).text()


@pytest.mark.parametrize("back", ["https://example.com", "//example.com", "/\\example.com", "", "/a%0d%0ab"])
async def test_a_theme_does_not_lead_to_another_server(api: Client, back: str) -> None:
    """An address that is not a path of this one is replaced by the first page."""
    answer = await api.get(f"/theme?set=dark&back={back}", allow_redirects=False)
    assert answer.headers["Location"] == "/"
