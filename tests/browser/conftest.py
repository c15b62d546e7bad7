"""A real headless Chromium for the tests of this folder; without one they are skipped with one reason."""

import os
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests.browser.recordings import Server
from tests.browser.tab import Tab
from tools.browser.chromium import MISSING, find_chromium, launched

expect.set_options(timeout=20_000)  # milliseconds that a busy machine may take, instead of five seconds


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip here and not in a fixture: the report then has one line for all of them."""
    if item.get_closest_marker("browser") and find_chromium(os.environ) is None:
        pytest.skip(MISSING)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium for one module; Playwright's loop must be gone before an asyncio test runs after it."""
    path = find_chromium(os.environ)
    assert path is not None
    with launched(path) as chromium:
        yield chromium


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def tab(browser: Browser, xray_local: Server, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """An empty tab in a fresh context; every test runs with and without JavaScript."""
    context = browser.new_context(java_script_enabled=request.param)
    opened = Tab(context.new_page(), xray_local.api)

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            opened.complaints.append(message.text)

    opened.page.on("console", listen)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    yield opened
    context.close()


@pytest.fixture
def now() -> float:
    """The time at which the traces of a test are recorded."""
    return time.time()
