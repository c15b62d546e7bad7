"""Measures how the code is laid out, and compares it with the limits below.

`python -m tools.structure` prints for each package its largest folder, longest module, longest function and the number
of import cycles, then the import layers that the contracts in pyproject.toml declare. It exits with 1 above a limit.
"""

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

from tools.provide import ROOT

SOURCES = {
    "xray_model": "libs/xray-model/src",
    "cruddur_tracing": "libs/tracing/src",
    "pytest_xray_local": "libs/pytest-xray-local/src",
    "cruddur": "backend/src",
    "xray_operator": "operator/src",
    "xray_local": "xray-local/src",
}
UNLIMITED: frozenset[str] = frozenset()  # measured, but exempt from the limits
WIDE = {"cruddur"}  # exempt from the limit for folders


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a package may have: entries in a folder, and lines of a module and of a function."""

    entries: int = 10
    module: int = 320
    function: int = 45


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """How large the largest of its kind is, and which that is."""

    number: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


@dataclass(frozen=True, slots=True)
class Structure:
    """What was measured of one package."""

    folder: Size
    module: Size
    function: Size
    cycles: tuple[tuple[str, ...], ...]


def measure(package: Path, imports: Mapping[str, Iterable[str]]) -> Structure:
    """Measure a package in its folder; `imports` are the modules that each of its modules imports."""
    modules = {file.relative_to(package).as_posix(): file.read_text() for file in package.rglob("*.py")}
    return Structure(
        max(Size(len(_entries(folder)), folder.relative_to(package.parent).as_posix()) for folder in _folders(package)),
        max(Size(text.count("\n"), name) for name, text in modules.items()),
        max((size for name, text in modules.items() for size in _functions(name, text)), default=Size(0, "none")),
        tuple(find_cycles(imports)),
    )


def _folders(package: Path) -> Iterator[Path]:
    yield package
    yield from (file.parent for file in package.rglob("__init__.py") if file.parent != package)


def _entries(folder: Path) -> list[Path]:
    """Return what a reader has to choose from: modules and folders, without `__init__` and the like."""
    return [entry for entry in folder.iterdir() if not entry.name.startswith("_") and entry.name != "py.typed"]


def _functions(name: str, text: str) -> Iterator[Size]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Size((node.end_lineno or node.lineno) - node.lineno + 1, f"{name}:{node.name}")


def find_cycles(imports: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, ...]]:
    """Yield import cycles until the imports have none; each is broken at one of its imports before the next."""
    graph = {module: set(imported) for module, imported in imports.items()}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle: list[str] = error.args[1]
            graph[cycle[1]].discard(cycle[0])
            yield tuple(cycle)
        else:
            return


def excesses(name: str, found: Structure, limits: Limits) -> list[str]:
    """Return a line for each limit that a package exceeds."""
    sizes = [
        ("entries in a folder", found.folder, limits.entries),
        ("lines in a module", found.module, limits.module),
        ("lines in a function", found.function, limits.function),
    ]
    problems = [f"{name}: {what}: {size}: expected at most {most}" for what, size, most in sizes if size.number > most]
    return problems + [f"{name}: import cycle: {' -> '.join(cycle)}: expected none" for cycle in found.cycles]


def layers(pyproject: Path) -> list[str]:
    """Return a line for each contract of layers, the highest layer first."""
    contracts = tomllib.loads(pyproject.read_text())["tool"]["importlinter"]["contracts"]
    return [f"{contract['name']}: {' > '.join(contract['layers'])}" for contract in contracts if "layers" in contract]


def _imports(package: str) -> dict[str, set[str]]:
    graph = grimp.build_graph(package, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def main() -> int:
    """Print what was measured and return the exit code."""
    found = {name: measure(ROOT / source / name, _imports(name)) for name, source in SOURCES.items()}
    rows = [("package", "largest folder", "longest module", "longest function", "import cycles")]
    for name, structure in found.items():
        sizes = (str(structure.folder), str(structure.module), str(structure.function))
        rows.append((name, *sizes, str(len(structure.cycles))))
    print(_table(rows))
    for line in layers(ROOT / "pyproject.toml"):
        print(f"layers: {line}")
    limits, most = Limits(), Limits(entries=sys.maxsize)
    problems = [
        problem
        for name, structure in found.items()
        if name not in UNLIMITED
        for problem in excesses(name, structure, most if name in WIDE else limits)
    ]
    for problem in problems:
        print(f"structure: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
