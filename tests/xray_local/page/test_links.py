"""Every link of the pages leads somewhere."""

import re
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

from tests.xray_local.conftest import Client
from tests.xray_local.page.trace.conftest import put_checkout
from xray_local.state.region import Region

STREAMS = ("/live", "/theme")
MORE_THAN_A_PAGE = 101  # traces


async def test_every_link_leads_to_a_page(api: Client, region: Region) -> None:
    """One address of each kind is followed: of those with the same path and the same names in the query."""
    for number in range(MORE_THAN_A_PAGE):
        put_checkout(region, number, failed=number % 3 == 0)
    waiting, known, broken = ["/"], set[str](), []
    while waiting:
        address = waiting.pop()
        if _kind(address) in known:
            continue
        known.add(_kind(address))
        answer = await api.get(address)
        if answer.status != 200:
            broken.append((address, answer.status))
        elif answer.content_type == "text/html":
            waiting += [urljoin(address, link) for link in _links(await answer.text())]
    assert broken == []
    assert {"/ next", "/sampling ", "/services/N ", "/traces/ID/compare/ID "} <= known


def _links(page: str) -> list[str]:
    found = [unescape(href).partition("#")[0] for href in re.findall(r'<a [^>]*href="([^"]*)"', page)]
    return [href for href in found if href and not urlsplit(href).path.endswith(STREAMS)]


def _kind(address: str) -> str:
    parts = urlsplit(address)
    path = re.sub(r"^(/services/|/groups/).+", r"\1N", re.sub(r"1-[0-9a-f]{8}-[0-9a-f]{24}", "ID", parts.path))
    return f"{path} {','.join(sorted(name for name, _ in parse_qsl(parts.query)))}"
