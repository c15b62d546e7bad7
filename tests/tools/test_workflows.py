"""The workflows for a public forge: valid, pinned, and with no more rights than each job needs."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.images.dockerfile import stages
from tools.provide import ROOT, tool_path

FILES = {file.stem: file for file in sorted((ROOT / ".github/workflows").glob("*.yaml"))}
READ = {"contents": "read"}
SIGN = {"id-token": "write"}
PUSH = {"packages": "write"}
RIGHTS = {
    "test": {"test": READ, "integration": READ, "e2e": READ, "arm64": READ},
    "release": {
        "distributions": READ,
        "pypi": SIGN,
        "images": READ | PUSH | SIGN,
        "chart": READ | PUSH | SIGN,
        "page": {"contents": "write"},
    },
}

each = pytest.mark.parametrize("name", FILES)


def _workflow(name: str) -> Any:
    return yaml.safe_load(FILES[name].read_text())


def _steps(name: str) -> Iterator[dict[str, Any]]:
    for job in _workflow(name)["jobs"].values():
        yield from job["steps"]


def test_actionlint_finds_nothing() -> None:
    """It knows the syntax, the expressions, the runners and the contexts; shellcheck may not be installed."""
    command: list[str | Path] = [tool_path("actionlint"), "-no-color", "-shellcheck=", "-pyflakes=", *FILES.values()]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.stdout, run.returncode) == ("", 0)


def test_each_action_is_pinned_to_one_commit() -> None:
    """A tag can be moved; the comment says which version the commit is."""
    commits = defaultdict(set)
    for file in FILES.values():
        for line in file.read_text().splitlines():
            if "uses:" in line:
                found = re.fullmatch(r"\s*- uses: ([\w.-]+/[\w.-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+", line)
                assert found is not None, line
                commits[found[1]].add(found[2])
    assert len(commits) >= 8
    assert all(len(found) == 1 for found in commits.values())


@each
def test_each_job_has_its_own_rights_and_the_workflow_none(name: str) -> None:
    """What publishes has no rights to the repository, and what tests can only read it."""
    workflow = _workflow(name)
    assert workflow["permissions"] == {}
    assert {job: body["permissions"] for job, body in workflow["jobs"].items()} == RIGHTS[name]


@each
def test_no_secret_is_read(name: str) -> None:
    """The indexes and Sigstore trust the workflow's identity; the token of a run ends with it."""
    assert "secrets." not in FILES[name].read_text()


@each
def test_a_checkout_leaves_no_token_in_the_folder(name: str) -> None:
    """Otherwise every later step could push."""
    checkouts = [step for step in _steps(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@each
def test_no_expression_is_in_a_shell(name: str) -> None:
    """What a contributor names a branch would be a part of the script."""
    runs = [step["run"] for step in _steps(name) if "run" in step]
    assert [run for run in runs if "${{" in run] == []


@each
def test_a_step_fails_with_any_command_of_a_pipe(name: str) -> None:
    """Which the default shell does not set."""
    assert _workflow(name)["defaults"]["run"]["shell"] == "bash"


def test_the_registry_s_names_are_in_lower_case() -> None:
    """The owner of a fork may have capitals in its name, which no image reference may have."""
    scripts = [step["run"] for step in _steps("release") if "REGISTRY" in step.get("run", "")]
    assert len(scripts) == 2
    assert [re.findall(r"\$\{?REGISTRY(?!,,\})", script) for script in scripts] == [[], []]


def test_every_run_is_limited_and_only_releases_wait_for_each_other() -> None:
    """A newer push of a change stops the tests of the older one; a release is never stopped halfway."""
    workflows = {name: _workflow(name) for name in FILES}
    assert all("timeout-minutes" in job for workflow in workflows.values() for job in workflow["jobs"].values())
    assert workflows["release"]["concurrency"] == {"group": "release", "cancel-in-progress": False}
    assert workflows["test"]["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_a_release_pins_the_base_of_the_images_by_digest() -> None:
    """It is the base that the Dockerfiles name."""
    base = _workflow("release")["jobs"]["images"]["env"]["BASE"]
    (named,) = stages(ROOT / "operator/Dockerfile")[0].of("ARG")
    assert re.fullmatch(rf"{re.escape(named.removeprefix('BASE='))}@sha256:[0-9a-f]{{64}}", base)


def test_images_have_an_sbom_and_provenance_on_two_architectures_and_are_signed() -> None:
    """By digest, since a tag can be moved between the push and the signature."""
    images = _workflow("release")["jobs"]["images"]
    (script,) = [step["run"] for step in images["steps"] if "run" in step]
    assert images["env"]["PLATFORMS"] == "linux/amd64,linux/arm64"
    assert {"--sbom=true", "--provenance=mode=max", "--push"} < set(script.split())
    assert 'cosign sign --yes "$name@' in script
