"""`make dev`'s cluster: its host ports, and the message on a machine without Docker."""

from pathlib import Path

import pytest
import yaml

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


def test_the_documented_host_ports_lead_to_the_node_ports_of_the_services() -> None:
    """4567 is the backend and 8900 the page, as the docs say; the end-to-end tests map free ports instead."""
    mappings = yaml.safe_load(kind_cluster.CONFIG.read_text())["nodes"][0]["extraPortMappings"]
    services = yaml.safe_load((kind_cluster.ROOT / "deploy/kind/values.yaml").read_text())
    node_ports = {4567: services["backend"], 8900: services["xrayLocal"]}
    assert {mapping["hostPort"]: mapping["containerPort"] for mapping in mappings} == {
        host: part["service"]["nodePort"] for host, part in node_ports.items()
    }
    assert {mapping["listenAddress"] for mapping in mappings} == {"127.0.0.1"}
