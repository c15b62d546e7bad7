"""The one version number: which is taken, and where it is replaced."""

import subprocess

import pytest

from tools.dist.parts import workspace_version
from tools.provide import ROOT
from tools.release import ReleaseError
from tools.release.versions import REQUIRED, next_version, other_mentions, replace_version


@pytest.mark.parametrize("text", ["0.1.1", "0.2.0", "0.10.0", "1.0.0"])
def test_a_newer_version_is_taken(text: str) -> None:
    """Numbers are compared, not letters."""
    assert next_version(text, "0.1.0") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "VERSION: '': expected three numbers, such as 0.2.0"),
        ("v0.2.0", "VERSION: 'v0.2.0': expected three numbers, such as 0.2.0"),
        ("0.2.0rc1", "VERSION: '0.2.0rc1': expected three numbers, such as 0.2.0"),
        ("0.02.0", "VERSION: '0.02.0': expected three numbers, such as 0.2.0"),
        ("0.2.0", "VERSION: '0.2.0': expected a version newer than 0.10.0"),
        ("0.10.0", "VERSION: '0.10.0': expected a version newer than 0.10.0"),
    ],
)
def test_any_other_version_is_refused_in_one_line(text: str, expected: str) -> None:
    """Pre-releases are written differently by Python and by Helm, so that there are none."""
    with pytest.raises(ReleaseError) as raised:
        next_version(text, "0.10.0")
    assert str(raised.value) == expected


REPOSITORY = dict.fromkeys(REQUIRED, 'version = "0.1.0"\n')
TEXTS = {
    "part/pyproject.toml": (
        'version = "0.1.0"\n"xray-model~=0.1.0", # rules\n"wrapt>=0.1.0",\n',
        'version = "0.2.0"\n"xray-model~=0.2.0", # rules\n"wrapt>=0.1.0",\n',
    ),
    "Chart.yaml": (
        'version: 0.1.0\nappVersion: 0.1.0\n{name: operator, image: "xray-operator:0.1.0"}\nimage: other:0.1.0\n',
        'version: 0.2.0\nappVersion: 0.2.0\n{name: operator, image: "xray-operator:0.2.0"}\nimage: other:0.1.0\n',
    ),
    "README.md": (
        "Everything is at version 0.1.0. Another thing is version 0.1.0.1 or 0.1.01.\n",
        "Everything is at version 0.2.0. Another thing is version 0.1.0.1 or 0.1.01.\n",
    ),
    "compose.yaml": ("image: xray-local:${TAG:-0.1.0}\n", "image: xray-local:${TAG:-0.2.0}\n"),
    "docs/deploy.md": (
        'docker push "$REGISTRY/$image:0.1.0" --image-ids imageTag=0.1.0 10.1.0.0 0.1.01\n',
        'docker push "$REGISTRY/$image:0.2.0" --image-ids imageTag=0.2.0 10.1.0.0 0.1.01\n',
    ),
}


def test_our_version_is_replaced_and_no_other() -> None:
    """A dependency, another image or an address may have the same numbers."""
    changed = replace_version(REPOSITORY | {path: before for path, (before, _) in TEXTS.items()}, "0.1.0", "0.2.0")
    assert {path: changed[path] for path in TEXTS} == {path: after for path, (_, after) in TEXTS.items()}


def test_a_file_that_must_name_the_version_and_does_not_is_named() -> None:
    """Otherwise it would be released with the old one."""
    with pytest.raises(ReleaseError, match=r"compose\.yaml: expected the version 0\.1\.0"):
        replace_version(REPOSITORY | {"compose.yaml": "image: xray-local:latest\n"}, "0.1.0", "0.2.0")


def test_what_still_names_the_version_is_listed_by_line() -> None:
    """A person decides about it."""
    files = {"a.md": "one\nsince 0.1.0\nSince 0.1.0.\n", "b.md": "10.1.0.0\n"}
    assert list(other_mentions(files, "0.1.0")) == ["a.md:2", "a.md:3"]


def test_the_repository_names_one_version() -> None:
    """Every part, the chart and the compose file have the workspace's."""
    paths = subprocess.run(["git", "ls-files", *REQUIRED], cwd=ROOT, capture_output=True, text=True, check=True)
    files = {path: (ROOT / path).read_text() for path in paths.stdout.splitlines()}
    assert set(replace_version(files, workspace_version(), "99.0.0")) == set(REQUIRED)
