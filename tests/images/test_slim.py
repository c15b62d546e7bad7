"""What is deleted from a base image; that the images work without it is in tests/e2e."""

from pathlib import Path

from deploy.images.slim import slim

STATUS = """\
Package: perl-base
Status: install ok installed

Package: libc6
Status: install ok installed
Description: GNU C library
 .
 of the system

"""
FILES = {
    "usr/bin/perl": "",
    "usr/bin/ls": "",
    "usr/lib/arm/libc.so.6": "",
    "usr/lib/arm/gconv/KOI8-R.so": "",
    "usr/local/lib/python3.13/site-packages/pip/__init__.py": "",
    "usr/local/lib/python3.13/site-packages/wheel/__init__.py": "",
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/perl-base.list": "/.\n/usr\n/usr/bin\n/usr/bin/perl\n",
    "var/lib/dpkg/info/perl-base.postinst": "",
    "var/lib/dpkg/info/libc6:arm64.list": "/.\n/usr/lib/arm/libc.so.6\n",
}


def test_a_package_is_deleted_with_its_entry_and_nothing_else_is(tmp_path: Path) -> None:
    """A scanner reads dpkg's list, and would otherwise report deleted packages."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    slim(tmp_path)
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == {
        "usr/bin/ls",
        "usr/lib/arm/libc.so.6",
        "usr/local/lib/python3.13/site-packages/wheel/__init__.py",
        "var/lib/dpkg/status",
        "var/lib/dpkg/info/libc6:arm64.list",
    }
    assert (tmp_path / "var/lib/dpkg/status").read_text() == STATUS.partition("\n\n")[2]
