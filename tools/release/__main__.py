"""`python -m tools.release VERSION`: verifies a release and makes it one commit and one tag; publishes nothing."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from tools.dist.parts import workspace_version
from tools.provide import ROOT
from tools.release import ReleaseError, changelog, verify
from tools.release.versions import SKIPPED, next_version, other_mentions, replace_version
from tools.release.worktree import Worktree, run, worktree
from tools.virtual_environment import UV


def prepare(tree: Worktree, current: str, version: str) -> list[str]:
    """Write the version into the worktree's files; return the lines that still name the current one."""
    files = tree.files()
    ours = {path: text for path, text in files.items() if SKIPPED.fullmatch(path) is None}
    changed = replace_version(ours, current, version)
    date = datetime.now(UTC).date().isoformat()
    history = changelog.with_release(files["CHANGELOG.md"], version, date)
    tree.write(changed | {"CHANGELOG.md": history})
    tree.run(UV, "lock", "--quiet")
    return list(other_mentions(ours | changed, current))


def check(text: str) -> str:
    """Return the version to release; ReleaseError if it cannot be released from this tree. Needs nothing but git."""
    version = next_version(text, workspace_version())
    verify.clean_tree(version)
    return version


def release(text: str, *, dry_run: bool) -> None:
    """Prepare and verify a release; ReleaseError with the first problem."""
    current, version = workspace_version(), check(text)
    with worktree() as tree:
        left = prepare(tree, current, version)
        print(tree.difference(), flush=True)
        if left:
            print(f"lines that still name {current}: {', '.join(left)}", flush=True)
        _done(verify.lock(tree))
        for step in (verify.distributions, verify.chart, verify.images):
            _done(step(tree, version))
        if dry_run:
            print(f"dry run: no file was changed; without DRY_RUN=1 this makes one commit and the tag v{version}")
            return
        commit = tree.commit(f"Release {version}")
    run("git", "merge", "--quiet", "--ff-only", commit)
    run("git", "tag", "--annotate", f"--message=Release {version}", f"v{version}", commit)
    print(f"committed and tagged v{version}; to publish it: git push --atomic origin HEAD v{version}")


def _done(what: str) -> None:
    print(f"ok: {what}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Parse the arguments and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("version", metavar="VERSION", help="three numbers, such as 0.2.0")
    parser.add_argument("--dry-run", action="store_true", help="verify and show the release, and change no file")
    parser.add_argument("--check", action="store_true", help="only check VERSION and that nothing is uncommitted")
    parser.add_argument(
        "--notes", action="store_true", help="print the changes of a version from CHANGELOG.md, and exit"
    )
    options = parser.parse_args(arguments)
    try:
        if options.notes:
            print(changelog.notes((ROOT / "CHANGELOG.md").read_text(), options.version), end="")
        elif options.check:
            check(options.version)
        else:
            release(options.version, dry_run=options.dry_run)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("release: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
