"""What is verified of a release before it becomes a commit."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.dist.parts import PARTS
from tools.provide import tool_path
from tools.release import ReleaseError
from tools.release.worktree import Worktree, run
from tools.virtual_environment import UV


def clean_tree(version: str) -> None:
    """Verify that nothing is uncommitted and that the version has no tag yet."""
    changed = run("git", "status", "--porcelain").splitlines()
    if changed:
        more = f" and {len(changed) - 1} more" if changed[1:] else ""
        raise ReleaseError(f"git status: '{changed[0][3:]}'{more}: expected no uncommitted changes")
    if run("git", "tag", "--list", f"v{version}"):
        raise ReleaseError(f"VERSION: '{version}': the tag v{version} exists already")


def lock(tree: Worktree) -> str:
    """Verify that uv.lock fits every pyproject.toml."""
    tree.run(UV, "lock", "--check", "--quiet")
    return "uv.lock is consistent"


def distributions(tree: Worktree, version: str) -> str:
    """Build and check the wheels and sdists."""
    tree.run(sys.executable, "-m", "tools.dist", "--build-only", "--out", "dist")
    return f"{len(PARTS)} wheels and {len(PARTS)} sdists of {version} build, each checked"


def chart(tree: Worktree, version: str) -> str:
    """Lint and package the chart."""
    helm = tool_path("helm")
    tree.run(helm, "lint", "--strict", "charts/cruddur")
    with tempfile.TemporaryDirectory() as folder:
        tree.run(helm, "package", "charts/cruddur", "--destination", folder)
        if not (Path(folder) / f"cruddur-{version}.tgz").is_file():
            raise ReleaseError(f"helm package: expected cruddur-{version}.tgz")
    return f"the chart packages as cruddur-{version}.tgz"


def images(tree: Worktree, version: str) -> str:
    """Build the images, where Docker is running; they stay in it."""
    docker = os.environ.get("DOCKER", "docker")
    try:
        subprocess.run([docker, "version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "the images are skipped: no Docker is running"
    lines = tree.run("make", "-s", "images", f"TAG={version}").splitlines()
    return "the images are built: " + ", ".join(" ".join(line.split()) for line in lines if line.endswith(" MB"))
