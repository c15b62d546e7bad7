"""Environments with the built package, as a user installs it: on each Python, and beside chosen packages."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import pytest

from tests.tracing.served import ROOT, Served, running
from tools.pythons import find_python

PEERS: Final = (
    "gunicorn>=23",
    "asgiref>=3.8",  # with which Flask runs asynchronous views
    "opentelemetry-distro>=0.61b0",
    "opentelemetry-instrumentation-requests>=0.61b0",
)
UNREACHABLE: Final = ("error sending request", "dns error", "failed to fetch", "could not connect")
REQUIREMENTS: Final = ("--no-sources", "--requirements=libs/tracing/pyproject.toml", "--all-extras")


class Install(Protocol):
    """Makes an environment."""

    def __call__(self, version: str, *wanted: str) -> Path:
        """Return its folder of programs."""


def uv(*arguments: str) -> str:
    """Run uv and return what it prints. Skip the test if uv or the index is not there."""
    program = shutil.which("uv", path=f"{ROOT / '.tools/uv/bin'}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("uv is not installed (make setup)")
    settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"} | os.environ
    settings.pop("UV_PROJECT_ENVIRONMENT", None)
    done = subprocess.run([program, *arguments], cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    if done.returncode != 0 and any(sign in done.stderr.lower() for sign in UNREACHABLE):
        pytest.skip(f"the package index cannot be reached: {done.stderr.strip().splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def interpreter(version: str) -> Path:
    """Return the path of a Python; skip the test if there is none."""
    found = find_python(version)
    if found is None:
        pytest.skip(f"Python {version} is not installed")
    return found


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build the library and what it needs of this workspace, and return the wheels by package."""
    folder = tmp_path_factory.mktemp("wheels")
    for package in ("xray-model", "cruddur-tracing"):
        uv("build", "--quiet", "--wheel", "--package", package, "--out-dir", str(folder), ".")
    return {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}


@pytest.fixture(scope="session")
def install(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Return a function that makes an environment on a Python, and returns its folder of programs.

    `wanted` is what `uv pip install` gets besides the two wheels, which are installed as they are.
    """

    def install(version: str, *wanted: str) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        uv("venv", "--quiet", "--clear", "--python", str(interpreter(version)), str(folder))
        python = f"--python={folder}/bin/python"
        uv("pip", "install", "--quiet", python, str(wheels["xray-model"]), *REQUIREMENTS, *PEERS, *wanted)
        uv("pip", "install", "--quiet", python, "--no-deps", str(wheels["cruddur-tracing"]))
        return folder / "bin"

    return install


@contextmanager
def stock(
    programs: Path, port: int, folder: Path, environ: dict[str, str], *options: str, app: str = "stock_app:app"
) -> Iterator[Served]:
    """Run an app of this folder with one worker."""
    command = [str(programs / name) for name in ("opentelemetry-instrument", "gunicorn")]
    command += ["--bind", f"127.0.0.1:{port}", *options, app]
    settings = {"PYTHONPATH": str(Path(__file__).parent), **environ}
    with running(command, port, folder / "log", settings, folder) as served:
        yield served
