"""Find the Chromium that the browser tests and the screenshots drive; it is installed by the machine, not by us.

`python -m tools.browser.chromium` prints its path, or one line of what is missing and exits 2.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")

MISSING = (
    f"no Chromium: neither CHROMIUM nor any of {', '.join(NAMES)} on PATH is a program "
    "(on Debian: apt-get install chromium; or name one: CHROMIUM=/path/to/chromium)"
)


def find_chromium(environ: Mapping[str, str]) -> str | None:
    """The program named by CHROMIUM, else the first of NAMES on PATH; None when there is neither."""
    named = environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    found = (shutil.which(name, path=environ.get("PATH")) for name in NAMES)
    return next((path for path in found if path), None)


def launch_arguments(*, root: bool) -> list[str]:
    """Quiet and offline; without the sandbox only where Chromium does not start with it, as root."""
    arguments = [
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    return [*arguments, "--no-sandbox"] if root else arguments


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Run the program at `path`; Playwright's loop, which an asyncio test would stumble over, ends with it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=launch_arguments(root=os.geteuid() == 0))
        yield browser
        browser.close()


def main() -> int:
    """Print the path and return 0, or print what is missing and return 2."""
    path = find_chromium(os.environ)
    if path is None:
        sys.stderr.write(f"make browser: {MISSING}\n")
        return 2
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
