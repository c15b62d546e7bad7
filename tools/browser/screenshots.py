"""Take pictures of every page of xray-local: light, dark, and as a phone shows it.

`python -m tools.browser.screenshots docs/images` starts an xray-local with the traffic of a shop and writes NAME-light,
NAME-dark and NAME-phone.png. With `--url` the pages are those of a running xray-local that has this traffic. Needs an
installed Chromium.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from pytest_xray_local.process import running
from tools.browser import shop
from tools.browser.chromium import MISSING, find_chromium, launched
from tools.browser.pages import addresses

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 900  # a screen; a picture of a list of a hundred traces shows its beginning


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at; `scale` is device pixels for a pixel."""

    name: str
    scheme: Literal["light", "dark"]
    width: int
    scale: int = 1


LOOKS = (Look("light", "light", 1440), Look("dark", "dark", 1440), Look("phone", "light", 390, scale=2))


def take(browser: Browser, url: str, name: Path, looks: Sequence[Look] = LOOKS) -> list[Path]:
    """Write a picture of a page for each look, whose name ends the file's, and return the paths."""
    written = []
    for look in looks:
        context = browser.new_context(
            color_scheme=look.scheme,
            viewport={"width": look.width, "height": HEIGHT},
            device_scale_factor=look.scale,
            timezone_id="UTC",
            locale="en-GB",
        )
        tab = context.new_page()
        tab.goto(url)
        height = int(tab.evaluate("document.querySelector('.foot').getBoundingClientRect().bottom"))
        tab.set_viewport_size({"width": look.width, "height": max(200, min(height, HEIGHT))})
        written.append(name.with_name(f"{name.name}-{look.name}.png"))
        tab.screenshot(path=written[-1])
        context.close()
    return written


@contextmanager
def seeded(url: str | None) -> Iterator[str]:
    """Yield the address of an xray-local: a running one, or one that is started and has the traffic of the shop."""
    if url is not None:
        yield url.rstrip("/")
        return
    with running() as server:
        shop.send(server.api, time.time())
        yield server.api


def main() -> int:
    """Exit 0 when the pictures are written, 2 with one line when they cannot be."""
    parser = argparse.ArgumentParser(prog="screenshots", description="Take pictures of every page of xray-local.")
    parser.add_argument("folder", type=Path, help="where to write the pictures")
    parser.add_argument("--url", help="of a running xray-local (default: start one)")
    arguments = parser.parse_args()
    chromium = find_chromium(os.environ)
    if chromium is None:
        print(f"screenshots: {MISSING}", file=sys.stderr)
        return 2
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with seeded(arguments.url) as api, launched(chromium) as browser:
        try:
            pages = addresses(api)
        except LookupError as error:
            print(f"screenshots: {error}", file=sys.stderr)
            return 2
        for name, address in pages.items():
            for path in take(browser, address, arguments.folder / name):
                print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
