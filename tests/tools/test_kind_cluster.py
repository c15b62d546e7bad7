"""`make dev`'s cluster: the message on a machine without Docker."""

from pathlib import Path

import pytest

from tools import kind_cluster


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("#!/bin/sh\nexit 1\n", "kind_cluster: no Docker answers (`docker version`), expected one that runs\n"),
        (None, "kind_cluster: docker is missing\n"),
    ],
)
def test_without_docker_one_line_says_so(
    script: str | None, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether it is not there or does not run."""
    if script is not None:
        docker = tmp_path / "docker"
        docker.write_text(script)
        docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kind_cluster.main() == 1
    assert capsys.readouterr().err == line
