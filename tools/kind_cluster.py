"""Creates the kind cluster of kind-config.yaml if needed, and loads the images that its nodes would pull otherwise.

`python -m tools.kind_cluster` (make dev) makes `cruddur`; the end-to-end tests make their own.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "kind-config.yaml"
NAME = "cruddur"
READY = "180s"


def run(*command: str | Path, environ: dict[str, str] | None = None) -> str:
    """Run a command and return what it wrote; CalledProcessError has its complaint."""
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def names() -> list[str]:
    """Return the names of the clusters that kind has made here."""
    return run("kind", "get", "clusters").split()


def create_command(name: str, node_image: str | None, config: Path = CONFIG) -> list[str]:
    """Return the command that makes a cluster; without an image kind takes the one of its version."""
    image = ["--image", node_image] if node_image else []
    return ["kind", "create", "cluster", "--name", name, "--config", str(config), f"--wait={READY}", *image]


def peer_images() -> list[str]:
    """Return the images of the X-Ray daemon and the collector, as compose.yaml names them."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return [services[name]["image"] for name in ("cruddur-agent", "cruddur-collector")]


def in_docker(images: Sequence[str], docker: str = "docker") -> list[str]:
    """Return those images that Docker has already."""
    return [
        image
        for image in images
        if not subprocess.run([docker, "image", "inspect", image], capture_output=True, check=False).returncode
    ]


def main() -> int:
    """Make the cluster, and say so."""
    try:
        if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
            print("kind_cluster: no Docker answers (`docker version`), expected one that runs", file=sys.stderr)
            return 1
        if NAME in names():
            print(f"kind cluster {NAME}: it is there")
            return 0
        print(f"kind cluster {NAME}: making it", flush=True)
        run(*create_command(NAME, os.environ.get("KIND_NODE_IMAGE")))
        if there := in_docker(peer_images()):
            run("kind", "load", "docker-image", "--name", NAME, *there)
    except FileNotFoundError as error:
        print(f"kind_cluster: {error.filename} is missing", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.strip().splitlines() if "ERROR" in line or "rror" in line] or [
            "no reason"
        ]
        print(f"kind_cluster: {' '.join(error.cmd[:3])} failed: {lines[-1].strip()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kind_cluster: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
