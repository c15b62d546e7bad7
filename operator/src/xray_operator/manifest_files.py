"""Reads manifests from files, folders and standard input: all of them, or everything that is wrong with them.

Called by `cli`. Nothing is written to AWS while one document is bad, so this gives manifests only when all are good.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from xray_operator import manifest_reader, model
from xray_operator.model import Manifest

SUFFIXES = (".yaml", ".yml")
STDIN = "-"


class ManifestError(Exception):
    """The manifests cannot be used; `problems` has one line for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(paths: Sequence[str], stdin: Callable[[], str]) -> list[Manifest]:
    """Read every manifest below the paths, or raise ManifestError with all problems."""
    manifests: list[Manifest] = []
    problems: list[str] = []
    for path in paths:
        for source, text in _texts(path, stdin, problems):
            documents, unreadable = manifest_reader.read(source, text)
            problems += map(str, unreadable)
            for document in documents:
                manifest, wrong = model.parse(document)
                problems += map(str, wrong)
                if manifest is not None:
                    manifests.append(manifest)
    problems += model.same_target(manifests)
    if not manifests and not problems:
        problems.append(f"{', '.join(paths)}: no manifests found")
    if problems:
        raise ManifestError(problems)
    return manifests


def _texts(path: str, stdin: Callable[[], str], problems: list[str]) -> list[tuple[str, str]]:
    if path == STDIN:
        return [("standard input", stdin())]
    root = Path(path)
    try:
        files = sorted(file for file in root.iterdir() if file.suffix in SUFFIXES) if root.is_dir() else [root]
    except OSError as error:
        problems.append(f"{path}: {error.strerror}")
        return []
    if not files:
        problems.append(f"{path}: no {' or '.join(SUFFIXES)} files in this folder")
    texts = []
    for file in files:
        try:
            if file.stat().st_size > manifest_reader.BYTES_MAX:
                problems.append(f"{file}: the file is larger than {manifest_reader.BYTES_MAX} bytes")
            else:
                texts.append((str(file), file.read_text()))
        except OSError as error:
            problems.append(f"{file}: {error.strerror}")
        except UnicodeError:
            problems.append(f"{file}: this is not UTF-8 text")
    return texts
