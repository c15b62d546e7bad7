"""Prepares a release from one version number: the parts, the chart, the images, the changelog and the docs.

`make release VERSION=0.2.0` verifies all of it in a temporary worktree, and makes one commit and one tag of it. With
`DRY_RUN=1` it only shows them. Nothing is ever published: a pushed tag does that (.github/workflows/release.yaml).
"""


class ReleaseError(Exception):
    """The release cannot be prepared; the message is one line for the user."""
