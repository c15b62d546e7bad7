"""Images of the programs that tools/provide.py builds, on the nodes of a cluster."""

import shutil
from pathlib import Path

from tests.e2e.containers import docker, image
from tests.e2e.kind.cluster import Cluster
from tools.provide import tool_path

USER = 10001


def load(cluster: Cluster, program: str, folder: Path) -> str:
    """Build an image that has a static program as its entry point, load it, and return its name."""
    name = image(f"{program}-e2e")
    shutil.copy(tool_path(program), folder / program)
    (folder / "Dockerfile").write_text(
        f'FROM scratch\nCOPY {program} /{program}\nUSER {USER}\nENTRYPOINT ["/{program}"]\n'
    )
    docker("build", "--quiet", "--tag", name, str(folder))
    cluster.load([name])
    return name
