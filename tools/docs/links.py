"""Checks the links of the Markdown pages as a forge resolves them: `python -m tools.docs.links`.

A relative link needs a file with this path, and a heading with this anchor. Of an external link only the form is
checked: nothing is requested.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
_PAGES = ("*.md", "docs/**/*.md", "*/README.md", "*/*/README.md")
_NOT_OURS = {"build", "bin", "dist", "node_modules"}
_FENCE = re.compile(r"^( *)(`{3,})[^\n]*\n.*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_TARGET = re.compile(
    r"\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)|^ *\[[^\]]+\]: *(\S+)|<(https?:[^>\s]*)>", re.MULTILINE
)
_ATTRIBUTE = re.compile(r'<[a-z]+\b[^>]*?\b(?:src|srcset|href)="([^"]*)"')
_HEADING = re.compile(r"^#{1,6} +(.*?)(?: +#+)? *$", re.MULTILINE)
_LINK_TEXT = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def pages(root: Path = ROOT) -> list[Path]:
    """Return the Markdown pages of the repository: those of its root and of docs/, and the READMEs of its parts."""
    found = {file for pattern in _PAGES for file in root.glob(pattern)}
    return sorted(file for file in found if _is_ours(file.relative_to(root)))


def _is_ours(path: Path) -> bool:
    return not any(part.startswith(".") or part in _NOT_OURS for part in path.parts)


def targets(text: str) -> list[str]:
    """Return what the links and pictures of a page point to, in their order; code has no links."""
    prose = _CODE.sub("", _FENCE.sub("", text))
    found = [(match.start(), next(filter(None, match.groups()), "")) for match in _TARGET.finditer(prose)]
    found += [(match.start(), match[1]) for match in _ATTRIBUTE.finditer(prose)]
    return [target for _, target in sorted(found)]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as a forge derives them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        words = _LINK_TEXT.sub(r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def mistakes(root: Path = ROOT) -> Iterator[str]:
    """Yield a line for each broken link: `PAGE: 'TARGET': expected E`."""
    for page in pages(root):
        for target in targets(page.read_text()):
            if expected := _expected(target, page, root):
                yield f"{page.relative_to(root)}: {target!r}: expected {expected}"


def linked_file(target: str, page: Path) -> Path | None:
    """Return the path that a relative link of a page points to; None for an external one."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    return (page.parent / unquote(parts.path)).resolve() if parts.path else page


def _expected(target: str, page: Path, root: Path) -> str | None:
    file = linked_file(target, page)
    if file is None:
        return _expected_address(target)
    if not file.is_file():
        return "a file of the repository"
    if not file.is_relative_to(root) or PurePosixPath(target).is_absolute():
        return "a relative path inside the repository"
    anchor = urlsplit(target).fragment
    if anchor and (file.suffix != ".md" or anchor not in anchors(file.read_text())):
        return f"a heading of {file.relative_to(root)}"
    return None


def _expected_address(target: str) -> str | None:
    parts = urlsplit(target)
    local = parts.hostname in {"localhost", "127.0.0.1"}
    if local or parts.scheme == "mailto" or (parts.scheme == "https" and "." in (parts.hostname or "")):
        return None
    return "an address that begins with https:// and a host"


if __name__ == "__main__":
    broken = list(mistakes())
    sys.stderr.writelines(f"{line}\n" for line in broken)
    sys.exit(1 if broken else 0)
