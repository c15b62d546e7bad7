"""The changelog at a release."""

import pytest

from tools.release import ReleaseError
from tools.release.changelog import notes, with_release

BEFORE = """\
# Changelog

## Unreleased

### Added

- A thing.

## 0.1.0 - 2026-01-02

- The first.
"""
AFTER = """\
# Changelog

## Unreleased

## 0.2.0 - 2026-11-29

### Added

- A thing.

## 0.1.0 - 2026-01-02

- The first.
"""


def test_the_unreleased_part_becomes_the_versions() -> None:
    """Above it stands an unreleased part that is empty, and older parts are as they were."""
    assert with_release(BEFORE, "0.2.0", "2026-11-29") == AFTER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (AFTER, "CHANGELOG.md: Unreleased: expected at least one change"),
        ("# Changelog\n", "CHANGELOG.md: expected a heading '## Unreleased'"),
    ],
)
def test_a_release_without_changes_is_refused(text: str, expected: str) -> None:
    """Its changes would be unknown."""
    with pytest.raises(ReleaseError) as raised:
        with_release(text, "0.3.0", "2026-11-30")
    assert str(raised.value) == expected


def test_the_notes_of_a_version_are_its_part() -> None:
    """They are the text of the page that announces it."""
    assert notes(AFTER, "0.2.0") == "### Added\n\n- A thing.\n"


def test_the_notes_of_an_unknown_version_are_refused() -> None:
    """A tag without a part in the changelog is a mistake."""
    with pytest.raises(ReleaseError, match=r"expected a heading '## 0\.9\.0 - DATE'"):
        notes(AFTER, "0.9.0")
