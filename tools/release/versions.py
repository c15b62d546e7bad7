"""Reads a version number, and replaces it where the repository names it."""

import re
from collections.abc import Iterator, Mapping

from tools.release import ReleaseError

# What stands before our version: in a pyproject.toml, in the chart, in an image's reference, and in a default tag.
_BEFORE = (
    r'(?P<before>^version = "|"xray-(?:model|local)~=|ersion: "?|helm\.sh/chart: cruddur-|TAG:-|TAG=|imageTag=|'
    r"workspace\'s version, |at version |(?:cruddur-backend|xray-operator|xray-local|\$image):)"
)
# Each of these has it; elsewhere it is replaced if it is there.
REQUIRED = (
    "pyproject.toml",
    "backend/pyproject.toml",
    "libs/pytest-xray-local/pyproject.toml",
    "libs/tracing/pyproject.toml",
    "libs/xray-model/pyproject.toml",
    "operator/pyproject.toml",
    "xray-local/pyproject.toml",
    "charts/cruddur/Chart.yaml",
    "compose.yaml",
)
# Versions of others, generated files, what is past, and tests, which read the version where they need it.
SKIPPED = re.compile(r"uv\.lock|CHANGELOG\.md|docs/decisions/.*|tools/.*|bench/.*|tests/(?!chart/golden/).*")


def next_version(text: str, current: str) -> str:
    """Return the version to release; ReleaseError unless it is X.Y.Z and newer than the current one."""
    if re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", text) is None:
        raise ReleaseError(f"VERSION: '{text}': expected three numbers, such as 0.2.0")
    if _numbers(text) <= _numbers(current):
        raise ReleaseError(f"VERSION: '{text}': expected a version newer than {current}")
    return text


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def replace_version(files: Mapping[str, str], current: str, new: str) -> dict[str, str]:
    """Return the new texts of the files, by path, that name the current version as ours."""
    named = re.compile(rf"{_BEFORE}{re.escape(current)}(?!\.?\d)", re.MULTILINE)
    changed = {}
    for path, text in files.items():
        fresh, count = named.subn(rf"\g<before>{new}", text)
        if count:
            changed[path] = fresh
    for path in REQUIRED:
        if path not in changed:
            raise ReleaseError(f"{path}: expected the version {current}")
    return changed


def other_mentions(files: Mapping[str, str], version: str) -> Iterator[str]:
    """Yield the lines, as PATH:NUMBER, that still name a version."""
    bare = re.compile(rf"(?<![.\d]){re.escape(version)}(?!\.?\d)")
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if bare.search(line):
                yield f"{path}:{number}"
