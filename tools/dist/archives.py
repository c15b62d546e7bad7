"""Builds the wheel and the sdist of a part, and checks what is in them."""

import re
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.metadata import Metadata
from packaging.specifiers import SpecifierSet

from tools.dist.parts import PARTS, DistError, Part
from tools.provide import ROOT
from tools.pythons import SUPPORTED
from tools.virtual_environment import UV

LICENCES = ["LICENSE", "NOTICE"]
LINKS = {"Repository", "Documentation", "Changelog", "Issues"}
_RELATIVE_LINK = re.compile(r"\]\((?!#|[a-z]+:)([^)]*)\)")


def build(part: Part, folder: Path) -> None:
    """Build the sdist of a part, and the wheel from the sdist."""
    command: list[str | Path] = [UV, "build", "--quiet", "--package", part.name, "--out-dir", folder, "."]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise DistError(f"{part.name}: uv build exited with {run.returncode}: {_last_line(run.stderr)}")


def wheel_of(part: Part, version: str, folder: Path) -> Path:
    """Return the path of a part's wheel."""
    return folder / f"{part.package}-{version}-py3-none-any.whl"


def check(part: Part, version: str, folder: Path) -> None:
    """Check the metadata and the files of a part's wheel and sdist; raise DistError with the first problem."""
    with zipfile.ZipFile(wheel_of(part, version, folder)) as wheel:
        information = f"{part.package}-{version}.dist-info"
        metadata = wheel.read(f"{information}/METADATA")
        files = {name: wheel.read(name) for name in wheel.namelist() if not name.startswith(information)}
        licences = [name for name in LICENCES if f"{information}/licenses/{name}" in wheel.namelist()]
    for problem in (*metadata_problems(metadata, part, version), *file_problems(files, licences, part)):
        raise DistError(f"{part.name}: wheel: {problem}")
    with tarfile.open(folder / f"{part.package}-{version}.tar.gz") as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    missing = {"PKG-INFO", "README.md", "pyproject.toml", *LICENCES} - names
    if missing:
        raise DistError(f"{part.name}: sdist: expected {', '.join(sorted(missing))}")


def metadata_problems(text: bytes, part: Part, version: str) -> Iterator[str]:
    """Yield what an index would refuse, or a reader of its page would miss."""
    try:
        metadata = Metadata.from_email(text, validate=True)
    except ExceptionGroup as group:
        yield from (str(error) for error in group.exceptions)
        return
    if (metadata.name, str(metadata.version)) != (part.name, version):
        yield f"Name, Version: '{metadata.name} {metadata.version}': expected '{part.name} {version}'"
    if metadata.license_expression != "Apache-2.0":
        yield f"License-Expression: '{metadata.license_expression}': expected 'Apache-2.0'"
    missing = LINKS - set(metadata.project_urls or {})
    if missing:
        yield f"Project-URL: expected {', '.join(sorted(missing))}"
    yield from _description_problems(metadata)
    yield from _version_problems(metadata, version)


def _description_problems(metadata: Metadata) -> Iterator[str]:
    if metadata.description_content_type != "text/markdown" or not metadata.description:
        yield "Description: expected the README as text/markdown"
    for link in _RELATIVE_LINK.findall(metadata.description or ""):
        yield f"Description: '{link}': expected an absolute link"
    for line in re.findall(r"pip install \S*\./.*", metadata.description or ""):
        yield f"Description: '{line}': expected names on the index"


def _version_problems(metadata: Metadata, version: str) -> Iterator[str]:
    """Check the Pythons, and that each of our own distributions is required at this release's version."""
    for python in SUPPORTED:
        if f"Programming Language :: Python :: {python}" not in (metadata.classifiers or []):
            yield f"Classifier: expected one for Python {python}"
    own = {part.name for part in PARTS}
    for requirement in metadata.requires_dist or []:
        if requirement.name in own and requirement.specifier != SpecifierSet(f"~={version}"):
            yield f"Requires-Dist: '{requirement}': expected '{requirement.name}~={version}'"


def file_problems(files: dict[str, bytes], licences: list[str], part: Part) -> Iterator[str]:
    """Yield the differences between the files of a wheel and those of the repository."""
    expected = {
        file.relative_to(part.sources).as_posix(): file.read_bytes()
        for file in part.sources.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    if f"{part.package}/py.typed" not in files:
        yield f"expected {part.package}/py.typed"
    if licences != LICENCES:
        yield f"expected {' and '.join(LICENCES)} among its licences"
    for name in sorted(expected.keys() ^ files.keys()):
        yield f"{name}: expected it in the wheel and in {part.folder}/src"
    for name in sorted(name for name in expected.keys() & files.keys() if expected[name] != files[name]):
        yield f"{name}: expected the bytes of {part.folder}/src"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1].strip()
