"""Loads manifests from files, folders and standard input: all of them, or a list of everything that is wrong.

Nothing is written to AWS while one document is invalid.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xray_model import DEFAULT_GROUP_NAME, DEFAULT_RULE_NAME
from xray_operator.aws.objects import Target
from xray_operator.manifests import yaml_documents
from xray_operator.manifests.kinds import BY_NAME, KINDS
from xray_operator.manifests.manifest import API_GROUP, Manifest
from xray_operator.manifests.parse import parse
from xray_operator.manifests.yaml_documents import YamlDocument

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"


class ManifestError(Exception):
    """Invalid manifests; `problems` has one line for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def _ignore(line: str) -> None:
    pass


def load(
    paths: Sequence[str],
    stdin: Callable[[], str],
    *,
    strict: bool = False,
    recursive: bool = False,
    report: Callable[[str], None] = _ignore,
) -> list[Manifest]:
    """Load every manifest in the paths, or raise ManifestError with all problems.

    Of a folder, its own files are read; with `recursive` also those in its folders.
    Objects of other API groups are skipped and their number is reported; with `strict` they are problems.
    """
    manifests: list[Manifest] = []
    problems: list[str] = []
    skipped = 0
    for document in _documents(paths, stdin, problems, recursive=recursive):
        if not strict and _is_other(document.data):
            skipped += 1
            continue
        manifest, invalid = parse(document)
        problems += map(str, invalid)
        if manifest is not None:
            manifests.append(manifest)
    problems += set_problems(manifests)
    if not manifests and not problems:
        problems.append(f"{', '.join(paths)}: no manifests found")
    if problems:
        raise ManifestError(problems)
    if skipped:
        report(f"skipped {skipped} object{'s' * (skipped > 1)} of other API groups")
    return manifests


def _is_other(data: Any) -> bool:
    """Return whether a document is an object of another API group, such as a ConfigMap."""
    if not isinstance(data, Mapping):
        return False
    match data.get("apiVersion"), data.get("kind"):
        case str(version), str(kind):
            return version.partition("/")[0] != API_GROUP and kind not in BY_NAME
        case _:
            return False


def set_problems(manifests: Sequence[Manifest]) -> list[str]:
    """Return what is wrong with manifests as a set: two for one AWS object, or more than AWS's quota."""
    first: dict[Target, Manifest] = {}
    problems = []
    for manifest in manifests:
        earlier = first.setdefault(manifest.target, manifest)
        if earlier is not manifest:
            field = KINDS[manifest.kind].name_field.name
            problems.append(f"{manifest.source}: {field}: {manifest.target[1]!r} is also defined in {earlier.source}")
    for kind, info in KINDS.items():
        count = sum(key[0] == kind and key[1] not in {DEFAULT_RULE_NAME, DEFAULT_GROUP_NAME} for key in first)
        if count > info.quota:
            problems.append(f"the files define {count} {kind}s: expected at most {info.quota}, AWS's quota")
    return problems


def _documents(
    paths: Sequence[str], stdin: Callable[[], str], problems: list[str], *, recursive: bool
) -> Iterator[YamlDocument]:
    for path in paths:
        texts = _standard_input(stdin, problems) if path == STDIN else _texts(path, problems, recursive=recursive)
        for source, text in texts:
            documents, unreadable = yaml_documents.read(source, text)
            problems += map(str, unreadable)
            yield from documents


def _standard_input(stdin: Callable[[], str], problems: list[str]) -> list[tuple[str, str]]:
    try:
        return [("standard input", stdin())]
    except UnicodeError:
        problems.append("standard input: not UTF-8 text")
        return []


def _texts(path: str, problems: list[str], *, recursive: bool) -> list[tuple[str, str]]:
    root = Path(path)
    try:
        files = _inside(root, recursive=recursive) if root.is_dir() else [root]
    except OSError as error:
        problems.append(f"{path}: {error.strerror}")
        return []
    if not files:
        problems.append(f"{path}: no {', '.join(SUFFIXES)} files in this folder")
    texts = []
    for file in files:
        try:
            if file.stat().st_size > yaml_documents.BYTES_MAX:
                problems.append(f"{file}: larger than {yaml_documents.BYTES_MAX} bytes")
            else:
                texts.append((str(file), file.read_text(encoding="utf-8")))
        except OSError as error:
            problems.append(f"{file}: {error.strerror}")
        except UnicodeError:
            problems.append(f"{file}: not UTF-8 text")
    return texts


def _inside(folder: Path, *, recursive: bool) -> list[Path]:
    """Return the files of a folder that can have manifests."""
    every = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(file for file in every if file.suffix in SUFFIXES)
