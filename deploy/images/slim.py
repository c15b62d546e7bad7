"""Deletes from a Debian image with Python what a running service does not need: installers, Perl, most shell tools.

Each Dockerfile runs it in its stage `system`. A shell, coreutils, libc, Python and certificates stay; dpkg's list of
packages is that of what stays, so that a scanner reports no other.
"""

import re
import shutil
import sys
from pathlib import Path

PACKAGES = re.compile(
    r"apt|bash|bsdutils|debconf|debian-archive-keyring|debianutils|diffutils|dpkg|findutils|gpgv|grep|gzip|hostname|"
    r"init-system-helpers|lib(apt-pkg|audit|blkid|hogweed|mount|nettle|pam|seccomp|semanage|sepol|smartcols|systemd|udev)\S*|"
    r"login|login\.defs|mawk|mount|ncurses-bin|openssl|passwd|perl-base|"
    r"python3-\S+-whl|sed|sqv|sysvinit-utils|tar|util-linux"
)
# Installers, what only developers and maintainers of packages open, and iconv's converters, which Python does not use.
FOLDERS = (
    *(f"usr/*lib/python3*/{name}" for name in ("ensurepip", "idlelib", "pydoc_data", "test", "tkinter", "turtledemo")),
    *(f"usr/local/lib/python3*/{name}" for name in ("ensurepip", "idlelib", "pydoc_data", "test", "turtledemo")),
    "usr/local/lib/python3*/*-packages/pip*",
    "usr/lib/python3/dist-packages/pip*",
    "usr/local/bin/pip*",
    "usr/bin/pip*",
    "usr/share/python-wheels",
    "usr/share/perl*",
    *(f"usr/share/{name}" for name in ("gcc", "info", "lintian", "man")),
    "usr/share/locale",
    "usr/lib/*/gconv",
    "usr/lib/*/perl-base",
    "var/cache/*",
    "var/lib/apt",
)


def slim(root: Path) -> None:
    """Delete the packages and the folders below a root."""
    status, information = root / "var/lib/dpkg/status", root / "var/lib/dpkg/info"
    stanzas = {_name(stanza): stanza for stanza in status.read_text().split("\n\n") if stanza.strip()}
    removed = {name for name in stanzas if PACKAGES.fullmatch(name)}
    status.write_text("".join(f"{stanza.strip()}\n\n" for name, stanza in stanzas.items() if name not in removed))
    for file in sorted(information.iterdir()):
        if _package(file.name) not in removed:
            continue
        if file.suffix == ".list":
            _delete(root, file.read_text().splitlines())
        file.unlink()
    for pattern in FOLDERS:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _name(stanza: str) -> str:
    return stanza.strip().partition("\n")[0].removeprefix("Package: ")


def _package(file: str) -> str:
    """Return the package of a file of dpkg's: `libc6:arm64.list` is of libc6."""
    return file.rpartition(".")[0].partition(":")[0]


def _delete(root: Path, paths: list[str]) -> None:
    """Delete files; the folders among them are other packages' too."""
    for path in (root / line.lstrip("/") for line in paths):
        if path.is_symlink() or path.is_file():
            path.unlink()


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
