"""A temporary worktree of the commit, in which a release is prepared and verified."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.provide import ROOT
from tools.release import ReleaseError

INSTALLED = (".tools", ".venv", "bin")


def run(*command: object, folder: Path = ROOT, environ: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it prints; ReleaseError with its last line if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = ((done.stderr.strip() or done.stdout.strip()).splitlines() or ["no message"])[-1]
        raise ReleaseError(f"{' '.join(words[:3])} exited with {done.returncode}: {last}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Worktree:
    """A folder with the repository's files at one commit, and what `make setup` and `make tools` installed."""

    folder: Path

    def files(self) -> dict[str, str]:
        """Return the texts of the tracked files, by path."""
        paths = run("git", "ls-files", folder=self.folder).splitlines()
        found = {path: (self.folder / path).read_bytes() for path in paths if (self.folder / path).is_file()}
        return {path: content.decode() for path, content in found.items() if b"\0" not in content}

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by path."""
        for path, text in files.items():
            (self.folder / path).write_text(text)

    def run(self, *command: object) -> str:
        """Run a command in the folder."""
        return run(*command, folder=self.folder)

    def difference(self) -> str:
        """Return how many lines of each file differ from the commit."""
        return self.run("git", "diff", "--stat=100").rstrip()

    def commit(self, subject: str) -> str:
        """Commit the changes of the tracked files and return the commit."""
        self.run("git", "commit", "--quiet", "--all", f"--message={subject}")
        return self.run("git", "rev-parse", "HEAD").strip()


@contextmanager
def worktree() -> Iterator[Worktree]:
    """Check out the current commit in a temporary folder; the repository's own files are not touched."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "worktree"
        run("git", "worktree", "add", "--quiet", "--detach", folder, "HEAD")
        try:
            for installed in INSTALLED:
                (folder / installed).symlink_to(ROOT / installed)
            yield Worktree(folder)
        finally:
            run("git", "worktree", "remove", "--force", folder)
