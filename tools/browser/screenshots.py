"""Take the README's pictures of a running xray-local: one trace, light and dark.

`python -m tools.browser.screenshots http://127.0.0.1:8900 docs/images` writes trace-light.png and trace-dark.png. It
only reads, and needs an installed Chromium.
"""

import argparse
import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser

from tools.browser.chromium import MISSING, find_chromium, launched

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTH = 1200
CANDIDATES = 25
"""So many of the newest traces are looked at for the one to show."""


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def pick_trace(page_url: str) -> str | None:
    """The newest good trace with the most rows of both wires; None without one. A failed one shows paths."""
    best: tuple[tuple[int, int], str] | None = None
    for summary in _json(f"{page_url}/traces.json?filter=ok")["traces"][:CANDIDATES]:
        rows = [row["wires"] for row in _json(f"{page_url}/traces/{summary['Id']}.json")["rows"]]
        worth = (min(sum(wire in wires for wires in rows) for wire in ("segments", "otlp")), len(rows))
        if best is None or worth > best[0]:
            best = (worth, summary["Id"])
    return best[1] if best else None


def take(browser: Browser, url: str, name: Path, *, opened: bool = False) -> list[Path]:
    """Write NAME-light.png and NAME-dark.png of a page, `opened` with the details of its last row."""
    written = []
    for scheme in SCHEMES:
        # No taller than a small page: the picture is of the full page.
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": WIDTH, "height": 300}, device_scale_factor=2
        )
        page = context.new_page()
        page.goto(url)
        if opened:
            page.locator("summary").last.click()
        written.append(name.with_name(f"{name.name}-{scheme}.png"))
        page.screenshot(path=written[-1], full_page=True)
        context.close()
    return written


def main() -> int:
    """Exit 0 when the pictures are written, 2 with one line when they cannot be."""
    parser = argparse.ArgumentParser(prog="screenshots", description="Take pictures of a running xray-local.")
    parser.add_argument("url", help="the page's address, as `xray-local serve` prints it")
    parser.add_argument("folder", type=Path, help="where to write the pictures")
    arguments = parser.parse_args()
    page_url = arguments.url.rstrip("/")
    chromium = find_chromium(os.environ)
    if chromium is None:
        print(f"screenshots: {MISSING}", file=sys.stderr)
        return 2
    trace_id = pick_trace(page_url)
    if trace_id is None:
        print(f"screenshots: {page_url} has no traces; expected at least one", file=sys.stderr)
        return 2
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with launched(chromium) as browser:
        for path in take(browser, f"{page_url}/traces/{trace_id}", arguments.folder / "trace", opened=True):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
