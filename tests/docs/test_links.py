"""The check of the pages' links, on pages of its own; `make check` runs it on the repository's."""

from pathlib import Path

import pytest

from tools.docs.links import anchors, mistakes, targets


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with two pages, a policy and a picture."""
    for name in ("docs/images/page.png", "deploy/policy.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "docs/guide.md").write_text("# Guide\n\n## Where `/agents` run: now\n\n## Steps\n\n## Steps\n")
    return tmp_path


@pytest.mark.parametrize(
    "link",
    [
        "[guide](docs/guide.md)",
        "[guide](docs/guide.md#where-agents-run-now)",
        "[guide](docs/guide.md#steps-1)",
        "[here](#start)",
        "[policy](deploy/policy.json)",
        '<img src="docs/images/page.png">',
        "[AWS](https://docs.aws.amazon.com/xray/) and <http://127.0.0.1:8900>",
        "`[code](missing.md)`",
        "```sh\n[code](missing.md)\n```",
    ],
)
def test_a_good_link_is_accepted(root: Path, link: str) -> None:
    """Files, anchors of headings, addresses; code has no links."""
    (root / "README.md").write_text(f"# Start\n\n{link}\n")
    assert list(mistakes(root)) == []


@pytest.mark.parametrize(
    ("link", "line"),
    [
        ("[gone](docs/gone.md)", "'docs/gone.md': expected a file of the repository"),
        ("[folder](docs)", "'docs': expected a file of the repository"),
        ("[old](docs/guide.md#agents)", "'docs/guide.md#agents': expected a heading of docs/guide.md"),
        ("[old](#end)", "'#end': expected a heading of README.md"),
        ("[twice](docs/guide.md#steps-2)", "'docs/guide.md#steps-2': expected a heading of docs/guide.md"),
        ('<source srcset="docs/dark.png">', "'docs/dark.png': expected a file of the repository"),
        ("[root](/etc/hostname)", "'/etc/hostname': expected a relative path inside the repository"),
        (
            "[plain](http://example.com)",
            "'http://example.com': expected an address that begins with https:// and a host",
        ),
        (
            "[typo](https:/example.com)",
            "'https:/example.com': expected an address that begins with https:// and a host",
        ),
    ],
)
def test_a_broken_link_is_one_line(root: Path, link: str, line: str) -> None:
    """Page, target and what was expected."""
    (root / "README.md").write_text(f"# Start\n\n{link}\n")
    assert list(mistakes(root)) == [f"README.md: {line}"]


def test_links_are_found_in_their_order() -> None:
    """Inline, by reference, automatic, and in HTML."""
    text = '[a](one.md) <img src="two.png"> <https://three.example> ![d](four.png)\n\n[five]: five.md\n'
    assert targets(text) == ["one.md", "two.png", "https://three.example", "four.png", "five.md"]


def test_an_anchor_is_the_forges() -> None:
    """Small letters, hyphens for spaces, no other punctuation; headings in code do not count."""
    text = "## X-Ray by OTLP\n## [Linked](a.md) & `_local/`\n```sh\n# a comment\n```\n"
    assert anchors(text) == {"x-ray-by-otlp", "linked--_local"}
