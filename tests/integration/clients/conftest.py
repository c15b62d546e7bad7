"""Clients of other makers, installed from their registries into build/clients/ and run against a real xray-local.

A test is skipped, with the reason, where its toolchain is missing or its registry cannot be reached.
"""

import fcntl
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from pytest_xray_local import XRayLocal
from tests.waiting import until
from tools.provide import ROOT
from tools.virtual_environment import UV, VirtualEnvironment

HERE: Final = Path(__file__).parent
UNREACHABLE: Final = (
    "econnrefused",
    "enotfound",
    "etimedout",
    "eai_again",
    "could not connect",
    "could not resolve host",
    "dns error",
    "failed to fetch",
    "unknownhostexception",
    "error sending request",
    "failed to query available provider packages",
    "invalid provider registry host",
    "no available releases match",
    "unknown host",
)


def program(name: str) -> str:
    """Return the path of a program; skip the test if it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def cached(name: str) -> Iterator[Path]:
    """Lock a folder below build/clients/ and return it: two test processes install into it one after the other."""
    folder = ROOT / "build/clients" / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def install(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> None:
    """Run a command that may download; skip the test if the registry cannot be reached."""
    done = _run(command, folder, environ)
    said = (done.stdout + done.stderr).lower()
    if done.returncode != 0 and any(sign in said for sign in UNREACHABLE):
        pytest.skip(f"{Path(command[0]).name}: the registry cannot be reached")
    assert done.returncode == 0, done.stdout + done.stderr


def node_app(name: str) -> Path:
    """Return a folder with the app in the folder `name` beside this file, and its packages."""
    npm = program("npm")
    with cached(name) as folder:
        shutil.copytree(HERE / name, folder, dirs_exist_ok=True)
        install([npm, "install", "--no-audit", "--no-fund"], folder)
        return folder


def environment(name: str, package: str, program: str) -> VirtualEnvironment:
    """Return an environment with a package that has a program. It chooses its dependencies itself, without uv.lock."""
    with cached(name) as folder:
        made = VirtualEnvironment(folder / "environment")
        if not made.program(program).exists():
            made.create()
            install([str(UV), "pip", "install", "--quiet", f"--python={made.program('python')}", package], folder)
        return made


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed, and return what it prints."""
    done = _run(command, folder, environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, **(environ or {})}
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, timeout=540, check=False)


@contextmanager
def serving(command: Sequence[str], folder: Path, local: XRayLocal, port: int) -> Iterator[str]:
    """Run an app that listens on PORT, and return its URL."""
    url = f"http://127.0.0.1:{port}"
    settings = {**os.environ, **local.environment, "PORT": str(port)}
    with (
        (folder / "log").open("w+") as log,
        subprocess.Popen(command, cwd=folder, env=settings, stdout=log, stderr=log) as app,
    ):
        try:
            until(lambda: "listening" in (folder / "log").read_text() or app.poll() is not None, "the app listens")
            assert app.poll() is None, (folder / "log").read_text()
            yield url
        finally:
            app.terminate()


def get(url: str) -> str:
    """Return the body of an address."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def calls(local: XRayLocal, operation: str) -> list[dict[str, Any]]:
    """Return the calls of an operation in the log of requests."""
    return [call for call in local.call("_local/requests") if call["operation"] == operation]
