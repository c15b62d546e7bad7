"""Run commands and take a picture of what a terminal shows of them, light and dark.

`python -m tools.browser.terminal docs/images/cluster 'kubectl get nodes' 'helm list'` writes cluster-light.png and
cluster-dark.png. The shell runs each command in the current folder, one after the other; the first that fails ends it,
and no picture is written. Needs an installed Chromium.
"""

import argparse
import html
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tools.browser.chromium import MISSING, find_chromium, launched
from tools.browser.screenshots import SCHEMES

STYLE = """
body { margin: 0; display: inline-block; background: Canvas; color: CanvasText; color-scheme: light dark }
pre { margin: 0; padding: 16px 20px; font: 13px/1.5 "DejaVu Sans Mono", "Liberation Mono", monospace }
b { color: light-dark(#0a6b3d, #5fd38d) }
"""


class CommandFailedError(Exception):
    """A command's exit code was not 0; the text is the command, its code and the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A command and what it wrote, standard error included."""

    command: str
    output: str


def run(command: str) -> Shown:
    """Run a command by the shell."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise CommandFailedError(f"{command}: exit code {done.returncode}: {done.stdout[-500:].strip()}")
    return Shown(command, done.stdout.rstrip())


def page(shown: Sequence[Shown]) -> str:
    """Return the page of the screenshot."""
    text = "\n\n".join(
        f"<b>$ {html.escape(command.command)}</b>\n{html.escape(command.output)}".rstrip() for command in shown
    )
    return f"<!doctype html><style>{STYLE}</style><pre>{text}</pre>"


def take(browser: Browser, content: str, picture: str) -> list[Path]:
    """Write the pictures, as large as what they show, and return their paths."""
    written = []
    for scheme in SCHEMES:
        context = browser.new_context(color_scheme=scheme, device_scale_factor=2)
        tab = context.new_page()
        tab.set_content(content)
        written.append(Path(f"{picture}-{scheme}.png"))
        tab.locator("body").screenshot(path=written[-1])
        context.close()
    return written


def main() -> int:
    """Exit 0 when the pictures are written, 1 when a command fails, 2 without a Chromium."""
    parser = argparse.ArgumentParser(prog="terminal", description="Take a picture of commands and their output.")
    parser.add_argument("picture", help="path without -light.png and -dark.png")
    parser.add_argument("commands", nargs="+", metavar="command", help="run by the shell")
    arguments = parser.parse_args()
    chromium = find_chromium(os.environ)
    if chromium is None:
        print(f"terminal: {MISSING}", file=sys.stderr)
        return 2
    try:
        shown = [run(command) for command in arguments.commands]
    except CommandFailedError as error:
        print(f"terminal: {error}", file=sys.stderr)
        return 1
    Path(arguments.picture).parent.mkdir(parents=True, exist_ok=True)
    with launched(chromium) as browser:
        for path in take(browser, page(shown), arguments.picture):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
