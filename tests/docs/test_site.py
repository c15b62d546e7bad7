"""The site that `make check` builds: it has the layout of the repository and requests nothing from another host."""

import re
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from tests.docs.blocks import ROOT
from tools.docs.links import pages

_LOADED = re.compile(
    r"<(?:script|link|img|source|iframe)\b[^>]*?\b(?:src|href|srcset)=[\"']?(https?:)?//", re.IGNORECASE
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True))
    return folder


def test_every_page_of_the_repository_is_in_the_site(site: Path) -> None:
    """At the same path, so that a relative link is right in both."""
    expected = {page.relative_to(ROOT).as_posix().replace("README.md", "index.html") for page in pages()}
    built = {file.relative_to(site).as_posix() for file in site.rglob("*.html")}
    assert {re.sub(r"\.md$", ".html", name) for name in expected} == built - {"404.html"}


def test_no_page_requests_another_host(site: Path) -> None:
    """No fonts, scripts, pictures or counters from elsewhere; the policy forbids what a script would request."""
    texts = {file.name: file.read_text() for file in site.rglob("*.html")}
    assert {name for name, text in texts.items() if _LOADED.search(text)} == set()
    assert {
        name for name, text in texts.items() if "Content-Security-Policy\" content=\"default-src 'self';" not in text
    } == set()


def test_markdown_is_rendered_as_on_the_forge(site: Path) -> None:
    """The forge also takes a list or a table without an empty line before it, which the site prints as text."""
    article = re.compile(r"<article.*?</article>", re.DOTALL)
    code = re.compile(r"<pre.*?</pre>|<code.*?</code>", re.DOTALL)
    left = re.compile(r"<p>(?:(?!</p>).)*?(?:\n *(?:[-*]|\d+\.) |\n\|)", re.DOTALL)
    prose = {
        file.name: code.sub("", found[0])
        for file in site.rglob("*.html")
        if (found := article.search(file.read_text()))
    }
    assert {name for name, text in prose.items() if left.search(text)} == set()


def test_code_in_lists_is_indented_by_four() -> None:
    """With three columns the site would end the list."""
    fences = [
        (page.name, len(found[1]))
        for page in pages()
        for found in re.finditer(r"^( *)```", page.read_text(), re.MULTILINE)
    ]
    assert {(name, indent) for name, indent in fences if indent % 4} == set()
