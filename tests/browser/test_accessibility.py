"""Every page with the traffic of a shop, as axe-core sees it: at three widths, light, dark, in forced colours."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from pytest_xray_local import XRayLocal
from tools.browser import shop
from tools.browser.pages import PAGES, addresses

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    width: int
    scheme: Literal["light", "dark"] = "light"
    forced: Literal["active", "none"] = "none"
    scripts: bool = True


LOOKS = {
    "wide": Look(1440),
    "phone-dark": Look(390, "dark"),
    "narrow-forced-without-scripts": Look(320, forced="active", scripts=False),
}


@pytest.fixture(scope="module")
def urls(xray_local_process: XRayLocal) -> dict[str, str]:
    """The addresses of all pages, of a server with the traffic of a shop."""
    xray_local_process.reset()
    shop.send(xray_local_process.api, time.time(), traces=30)
    return addresses(xray_local_process.api)


@pytest.fixture(params=list(LOOKS.values()), ids=list(LOOKS))
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page of the browser; the policy of the pages would forbid axe-core."""
    look: Look = request.param
    context = browser.new_context(
        viewport={"width": look.width, "height": 900},
        color_scheme=look.scheme,
        forced_colors=look.forced,
        bypass_csp=True,
    )
    if not look.scripts:
        context.route("**/*.js", lambda route: route.abort())
    yield context.new_page()
    context.close()


def test_axe_finds_nothing_on_any_page(page: Page, urls: dict[str, str]) -> None:
    """And no page is wider than the screen."""
    found: dict[str, list[str]] = {}
    assert urls.keys() == PAGES.keys()
    for name, url in urls.items():
        page.goto(url)
        violations = Axe().run(page).response["violations"]
        problems = [f"{rule['id']}: {node['html'][:200]}" for rule in violations for node in rule["nodes"][:2]]
        width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if width > screen:
            problems.append(f"{width} pixels wide on a screen of {screen}")
        if problems:
            found[name] = problems
    assert not found, "\n".join(f"{name}: {problem}" for name, problems in found.items() for problem in problems)
