"""What every Dockerfile keeps to; that the images are as they say is in tests/e2e."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.images.dockerfile import ROOT, Stage, stages

FILES = {name: ROOT / name / "Dockerfile" for name in ("backend", "operator", "xray-local")}

each = pytest.mark.parametrize("file", FILES.values(), ids=FILES)


def _last(file: Path) -> Stage:
    return stages(file)[-1]


@each
def test_the_base_is_one_argument_with_a_fixed_tag(file: Path) -> None:
    """Every stage starts from it or from another stage; a release gives it a digest, and a mirror its own name."""
    first, *others = stages(file)
    assert first.of("ARG") == ["BASE=python:3.13-slim"]
    assert {stage.base for stage in others} <= {"${BASE}", "build", "scratch"}


@each
def test_it_builds_on_every_architecture(file: Path) -> None:
    """Nothing names one: the base and the wheels are chosen by the platform that is built for."""
    assert re.search(r"amd64|x86|arm64|aarch64", file.read_text()) is None


@each
@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_every_locked_package_has_a_wheel_of_the_architecture(file: Path, architecture: str, tmp_path: Path) -> None:
    """The base image has no compiler. uv chooses the wheels from the lock file, and reads no index for it."""
    (sync, *_) = [text for stage in stages(file) for text in stage.of("RUN") if "--no-install-workspace" in text]
    uv, *arguments = sync.replace("--quiet ", "").split()
    platform = ["--python", sys.executable, f"--python-platform={architecture}-manylinux_2_28"]
    run = subprocess.run(
        [ROOT / ".tools/uv/bin" / uv, *arguments, "--offline", "--dry-run", "--no-build", *platform],
        cwd=ROOT,
        env=os.environ | {"UV_CACHE_DIR": str(tmp_path), "UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert re.search(r"^Would install \d\d packages$", run.stderr, re.MULTILINE)


@each
def test_no_frontend_is_fetched(file: Path) -> None:
    """A `# syntax=` line would be pulled from a registry before anything is built."""
    assert "syntax=" not in file.read_text()


@each
def test_uv_is_the_pinned_one(file: Path) -> None:
    """By version and by hash, as `make setup` installs it."""
    (build,) = [stage for stage in stages(file) if stage.name == "build"]
    assert any("--require-hashes --requirement /uv.txt" in text for text in build.of("RUN"))
    assert "deploy/images/uv.txt /" in build.of("COPY")
    assert "--require-hashes --requirement deploy/images/uv.txt" in (ROOT / "Makefile").read_text()


@each
def test_uv_trusts_the_certificates_of_the_base_image(file: Path) -> None:
    """As pip does: a company's base image brings the root of its proxy."""
    (build,) = [stage for stage in stages(file) if stage.name == "build"]
    assert "UV_SYSTEM_CERTS=true" in build.of("ENV")[0].split()


@each
def test_only_what_is_locked_is_installed(file: Path) -> None:
    """Each sync is frozen, without the development tools, and of one package."""
    name = tomllib.loads((file.parent / "pyproject.toml").read_text())["project"]["name"]
    syncs = [text for stage in stages(file) for text in stage.of("RUN") if "uv sync" in text]
    assert len(syncs) >= 2
    for text in syncs:
        assert {"--frozen", "--no-dev"} < set(text.split())
        assert f"--package {name}" in text


@each
def test_the_last_stage_has_a_numeric_user_and_builds_nothing(file: Path) -> None:
    """A kubelet can check a number only; it has what is left of the base, and of the build the virtual environment."""
    last = _last(file)
    assert last.base == "scratch"
    assert last.of("USER") == ["10001:10001"]
    copied = [text for text in last.of("COPY") if "--from=" in text]
    assert copied == ["--from=system / /", "--from=build /app/.venv .venv"]
    assert last.of("RUN") == []


def test_the_images_share_the_layer_of_their_system() -> None:
    """Its instructions are the same in each, so that a builder makes it once and a node pulls it once."""
    (system,) = {next(stage.lines for stage in stages(file) if stage.name == "system") for file in FILES.values()}
    assert [line.instruction for line in system] == ["COPY", "RUN"]


@each
def test_python_neither_buffers_nor_writes_bytecode(file: Path) -> None:
    """The root is read-only, and a log line is there when it is written."""
    variables = " ".join(_last(file).of("ENV")).split()
    assert {"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"} < set(variables)


@pytest.mark.parametrize(
    ("name", "entry", "command"),
    [
        ("backend", [], '["opentelemetry-instrument", "gunicorn", "-c", "gunicorn.conf.py", "cruddur.wsgi:app"]'),
        ("operator", ['["xray-operator"]'], '["run"]'),
        ("xray-local", ['["xray-local"]'], '["serve"]'),
    ],
)
def test_what_runs(name: str, entry: list[str], command: str) -> None:
    """The chart and compose.yaml rely on it."""
    last = _last(FILES[name])
    assert (last.of("ENTRYPOINT"), last.of("CMD")) == (entry, [command])


@each
def test_the_labels_name_the_image(file: Path) -> None:
    """Title, description, licence, repository, version and commit, by their OCI names."""
    project = tomllib.loads((file.parent / "pyproject.toml").read_text())["project"]
    (label,) = _last(file).of("LABEL")
    assert dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', label)) == {
        "title": project["name"],
        "description": project["description"],
        "licenses": project["license"],
        "source": "https://github.com/cruddur/cruddur-tracing",
        "version": "${VERSION}",
        "revision": "${REVISION}",
    }
