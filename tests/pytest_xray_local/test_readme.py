"""The README's examples in a new virtual environment, with and without pytest-xdist and pytest-asyncio."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.provide import ROOT
from tools.virtual_environment import VirtualEnvironment

PROJECT = ROOT / "libs/pytest-xray-local"
BLOCKS = re.findall(r"^```python\n(.*?)^```", (PROJECT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
OURS = ("./libs/xray-model", "./libs/tracing[otlp,xray-sdk]", "./xray-local", "./libs/pytest-xray-local")
EXAMPLES = ("boto3", "flask", "gunicorn", "opentelemetry-distro", "requests")

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> VirtualEnvironment:
    """Return an environment with the plugin and what the examples import."""
    made = VirtualEnvironment(tmp_path_factory.mktemp("environment"))
    made.create()
    made.install(*OURS, *EXAMPLES)
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with each example as a test, and the files that they name."""
    for number, block in enumerate(BLOCKS):
        named = re.match(r"# (\w+\.py)\n", block)
        (tmp_path / (named[1] if named else f"test_{number}.py")).write_text(block)
    return tmp_path


def run(environment: VirtualEnvironment, project: Path, *options: str) -> str:
    """Return what pytest prints of the examples."""
    command = [str(environment.program("python")), "-m", "pytest", "-p", "no:cacheprovider", "-q", *options]
    variables = environment.variables({"PYTHONPATH": str(project)})
    return str(subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False).stdout)


def test_the_examples_pass_with_pytest_alone(environment: VirtualEnvironment, project: Path) -> None:
    """The asynchronous one needs a plugin."""
    printed = run(environment, project, "-k", "not test_jobs_are_traced")
    assert "5 passed, 1 deselected" in printed, printed


def test_the_examples_pass_with_xdist_and_asyncio(environment: VirtualEnvironment, project: Path) -> None:
    environment.install("pytest-xdist", "pytest-asyncio")
    options = ("--numprocesses=2", "-o", "asyncio_mode=auto", "-k", "test_jobs_are_traced or test_checkout")
    assert "3 passed" in (printed := run(environment, project, *options)), printed
