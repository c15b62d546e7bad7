"""Reads YAML documents with their line numbers, within limits. Knows YAML, kubectl's lists, and no kind of manifest.

A list, as `kubectl get -o yaml` prints it, is read as its items.
Aliases are rejected: no manifest needs them, and a few lines of them can expand to a document of any size.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

BYTES_MAX = 1_048_576
DOCUMENTS_MAX = 500
DEPTH_MAX = 30
EVENTS_MAX = 100_000  # values, keys and brackets: the parser needs a second for 30,000
_TOO_MANY = f"more than {DOCUMENTS_MAX} documents"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a document; its text is one line. `path` is empty for the document itself."""

    source: str
    line: int | None
    document: int | None
    path: str
    message: str

    def __str__(self) -> str:
        where = self.source if self.line is None else f"{self.source}:{self.line}"
        parts = [where, f"document {self.document}" if self.document else "", self.path, self.message]
        return ": ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document: its data, its source, and the line of each path (`spec.fixedRate`)."""

    source: str
    number: int
    data: Any
    lines: Mapping[str, int] = field(default_factory=dict)

    def problem(self, path: str, message: str) -> Problem:
        """Return a problem at a path, or at the nearest path above it that has a line."""
        at = path
        while at not in self.lines and "." in at:
            at = at.rpartition(".")[0]
        return Problem(self.source, self.lines.get(at), self.number, path, message)


def read(source: str, text: str) -> tuple[list[YamlDocument], list[Problem]]:
    """Parse a text into documents; empty ones are left out."""
    if len(text.encode()) > BYTES_MAX:
        return [], [Problem(source, None, None, "", f"larger than {BYTES_MAX} bytes")]
    documents: list[YamlDocument] = []
    try:
        problem = _rejected_event(source, text)
        if problem:
            return [], [problem]
        for number, composed in enumerate(yaml.compose_all(text, Loader=yaml.SafeLoader), start=1):
            documents += [_document(source, number, node) for node in _items(composed)]
        if len(documents) > DOCUMENTS_MAX:
            return [], [Problem(source, None, None, "", _TOO_MANY)]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        reason = error.problem or error.context or "it does not parse"
        return [], [Problem(source, line, None, "", f"not valid YAML: {reason}")]
    except (yaml.YAMLError, ValueError, KeyError, TypeError) as error:  # a tag such as !!bool on another text
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return [], [Problem(source, None, None, "", f"not valid YAML: {reason}")]
    return documents, []


def _items(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """Yield a document, or the items of a list; nothing for an empty one."""
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return
    members = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    kind, items = members.get("kind"), members.get("items")
    if isinstance(items, yaml.SequenceNode) and isinstance(kind, yaml.ScalarNode) and kind.value.endswith("List"):
        for item in items.value:
            yield from _items(item)
    else:
        yield node


def _rejected_event(source: str, text: str) -> Problem | None:
    depth = documents = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > DOCUMENTS_MAX or number > EVENTS_MAX:
            reason = _TOO_MANY if documents > DOCUMENTS_MAX else f"more than {EVENTS_MAX} values"
            return Problem(source, None, None, "", reason)
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            return Problem(source, line, None, "", "aliases (*name) are not supported: write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            return Problem(source, line, None, "", f"nested deeper than {DEPTH_MAX} levels")
    return None


def _document(source: str, number: int, node: yaml.Node) -> YamlDocument:
    loader = yaml.SafeLoader("")
    try:
        data = loader.construct_document(node)
    finally:
        loader.dispose()
    lines: dict[str, int] = {}
    for path, line in _paths(node, ""):
        if path in lines:
            mark = yaml.Mark(source, 0, line - 1, 0, "", 0)
            raise yaml.MarkedYAMLError(problem=f"the key {path!r} is defined twice", problem_mark=mark)
        lines[path] = line
    return YamlDocument(source, number, data, lines)


def _paths(node: yaml.Node, prefix: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = f"{prefix}.{key.value}" if prefix else str(key.value)
            yield path, key.start_mark.line + 1
            yield from _paths(value, path)
