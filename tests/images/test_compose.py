"""What compose.yaml keeps to; that it runs is in tests/e2e."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.images.dockerfile import ROOT
from tools.provide import tool_path

FOLDER = ROOT / "deploy/compose"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]

BOTH = ("--file=compose.yaml", "--file=deploy/compose/honeycomb.yaml")
SECONDS = 60

each = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def _config(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def test_the_services_have_the_charts_names() -> None:
    """What is written for the one works in the other."""
    assert set(SERVICES) == {"cruddur-backend", "cruddur-agent", "cruddur-collector", "cruddur-xray-local"}


def test_two_ports_are_published_and_on_loopback_only() -> None:
    """The backend's, and the one of the page; everything else stays inside."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "cruddur-backend": ["127.0.0.1:${BACKEND_PORT:-4567}:4567"],
        "cruddur-xray-local": ["127.0.0.1:${PAGE_PORT:-8900}:8900"],
    }


@each
def test_every_service_is_hardened(service: dict[str, Any]) -> None:
    """A read-only root, no capabilities, no way to more rights."""
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_images_are_pinned() -> None:
    """Ours have the workspace's version by default, the others the versions that the tests run."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    makers = "ghcr.io/open-telemetry/opentelemetry-collector-releases"
    assert {name: service["image"] for name, service in SERVICES.items()} == {
        "cruddur-backend": f"cruddur-backend:${{TAG:-{version}}}",
        "cruddur-agent": "public.ecr.aws/xray/aws-xray-daemon:3.x",
        "cruddur-collector": f"{makers}/opentelemetry-collector-contrib:0.156.0",
        "cruddur-xray-local": f"xray-local:${{TAG:-{version}}}",
    }


def test_where_there_is_a_python_health_is_checked() -> None:
    """The images of the daemon and the collector hold one program each, and nothing that could ask."""
    checked = {
        name: service["healthcheck"]["test"][1] for name, service in SERVICES.items() if "healthcheck" in service
    }
    assert checked == {"cruddur-backend": "python3", "cruddur-xray-local": "python3"}


def test_addresses_are_those_of_the_services() -> None:
    """The backend sends to the agent and the collector, and both of them to xray-local, under a name that it serves."""
    environment = SERVICES["cruddur-backend"]["environment"]
    local = SERVICES["cruddur-xray-local"]["environment"]
    assert environment["AWS_XRAY_DAEMON_ADDRESS"] == "cruddur-agent:2000"
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://cruddur-collector:4318"
    assert environment["OTEL_SERVICE_NAME"] == "backend-flask"
    assert _config("daemon.yaml")["Endpoint"] == "http://cruddur-xray-local:8900"
    assert _config("collector.yaml")["exporters"]["otlp_http"]["endpoint"] == "http://cruddur-xray-local:4318"
    assert local["XRAY_LOCAL_ALLOW_HOST"] == "cruddur-xray-local"


def test_honeycomb_has_a_pipeline_of_its_own() -> None:
    """Its names are not the first pipeline's, so that merging adds and replaces nothing."""
    first, second = _config("collector.yaml"), _config("collector-honeycomb.yaml")
    for part in ("exporters", "processors", "receivers"):
        assert not set(first[part]) & set(second.get(part, {}))
    assert set(second["service"]["pipelines"]) == {"traces/honeycomb"}
    assert second["service"]["pipelines"]["traces/honeycomb"]["exporters"] == ["otlp_http/honeycomb"]


def test_what_is_mounted_is_there_and_read_only() -> None:
    """A path that is missing would be made as a folder by Docker."""
    override = yaml.safe_load((FOLDER / "honeycomb.yaml").read_text())["services"]
    mounted = [mount for service in (*SERVICES.values(), *override.values()) for mount in service.get("volumes", [])]
    assert len(mounted) == 3
    for mount in mounted:
        found = re.fullmatch(r"\./([^:]+):/[^:]+:ro", mount)
        assert found is not None
        assert (ROOT / found[1]).is_file()


def _compose(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Compose where it finds neither a docker nor a daemon, nor settings of the machine's."""
    return subprocess.run(
        [tool_path("docker-compose"), *arguments],
        cwd=ROOT,
        env={"HOME": str(home), "DOCKER_HOST": f"unix://{home}/none", **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
    """Compose reads more strictly than YAML."""
    run = _compose(tmp_path, "config", "--services")
    assert run.returncode == 0, run.stderr
    assert sorted(run.stdout.split()) == [
        "cruddur-agent",
        "cruddur-backend",
        "cruddur-collector",
        "cruddur-xray-local",
    ]


def test_compose_merges_honeycombs_file(tmp_path: Path) -> None:
    """The collector gets the key, and the second config beside the first."""
    run = _compose(tmp_path, *BOTH, "config", "--format=json", HONEYCOMB_API_KEY="a-key")
    assert run.returncode == 0, run.stderr
    collector = json.loads(run.stdout)["services"]["cruddur-collector"]
    assert collector["environment"]["HONEYCOMB_API_KEY"] == "a-key"
    assert [mount["target"] for mount in collector["volumes"]] == [
        "/etc/otelcol/config.yaml",
        "/etc/otelcol/honeycomb.yaml",
    ]


def test_honeycomb_without_a_key_is_refused(tmp_path: Path) -> None:
    """Before anything starts; the message names the variable."""
    run = _compose(tmp_path, *BOTH, "config", "--quiet")
    assert run.returncode != 0
    assert "HONEYCOMB_API_KEY" in run.stderr
