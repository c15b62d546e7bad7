"""The static files, at addresses with a hash of their content, which browsers keep for a year.

A script that imports another one by its plain name gets the other's hashed address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_IMPORT = re.compile(r'(?<=from ")\./([a-z_]+\.js)(?=")')


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file; `href` is its address."""

    href: str
    content_type: str
    body: bytes


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return every static file by its path, such as `css/base.css`."""
    sources = dict(_sources(files("xray_local.page") / "assets" / "static", PurePosixPath()))
    found: dict[str, StaticFile] = {}
    for name in sources:
        _add(name, sources, found)
    return found


@cache
def by_href() -> Mapping[str, StaticFile]:
    """Return every static file by its address."""
    return {file.href: file for file in static_files().values()}


def href(name: str) -> str:
    """Return the address of a file by its path; KeyError if there is none."""
    return static_files()[name].href


def _add(name: str, sources: Mapping[str, bytes], found: dict[str, StaticFile]) -> StaticFile:
    if name in found:
        return found[name]
    path, body = PurePosixPath(name), sources[name]
    if path.suffix == ".js":

        def imported(match: re.Match[str]) -> str:
            return _add(str(path.with_name(match[1])), sources, found).href

        body = _IMPORT.sub(imported, body.decode()).encode()
    digest = blake2b(body, digest_size=5).hexdigest()
    href = f"/static/{path.with_suffix('')}.{digest}{path.suffix}"
    found[name] = StaticFile(href, TYPES[path.suffix], body)
    return found[name]


def _sources(folder: Traversable, at: PurePosixPath) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = at / entry.name
        if entry.is_dir():
            found += _sources(entry, path)
        elif path.suffix in TYPES:
            found.append((str(path), entry.read_bytes()))
    return found
