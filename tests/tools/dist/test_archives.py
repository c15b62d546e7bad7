"""What is checked in a wheel before it is installed anywhere."""

from collections.abc import Callable

import pytest

from tools.dist.archives import LICENCES, file_problems, metadata_problems
from tools.dist.parts import PARTS

METADATA = """\
Metadata-Version: 2.4
Name: xray-local
Version: 0.1.0
Project-URL: Repository, https://example.org/r
Project-URL: Documentation, https://example.org/d
Project-URL: Changelog, https://example.org/c
Project-URL: Issues, https://example.org/i
License-Expression: Apache-2.0
Classifier: Programming Language :: Python :: 3.11
Classifier: Programming Language :: Python :: 3.12
Classifier: Programming Language :: Python :: 3.13
Classifier: Programming Language :: Python :: 3.14
Requires-Dist: xray-model~=0.1.0
Description-Content-Type: text/markdown

# xray-local

See [below](#use-it) and [the operator](https://example.org/operator).
"""
LOCAL = next(part for part in PARTS if part.name == "xray-local")


def test_metadata_that_is_complete_has_no_problem() -> None:
    """Links within the page are fine."""
    assert list(metadata_problems(METADATA.encode(), LOCAL, "0.1.0")) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Version: 0.1.0", "Version: 0.2.0", "Name, Version: 'xray-local 0.2.0': expected 'xray-local 0.1.0'"),
        ("Apache-2.0", "MIT", "License-Expression: 'MIT': expected 'Apache-2.0'"),
        ("Project-URL: Issues, https://example.org/i\n", "", "Project-URL: expected Issues"),
        ("https://example.org/operator", "../operator", "Description: '../operator': expected an absolute link"),
        ("# xray-local", "pip install ./local", "Description: 'pip install ./local': expected names on the index"),
        ("Description-Content-Type: text/markdown\n", "", "Description: expected the README as text/markdown"),
        ("Classifier: Programming Language :: Python :: 3.14\n", "", "Classifier: expected one for Python 3.14"),
        ("~=0.1.0", ">=0.1", "Requires-Dist: 'xray-model>=0.1': expected 'xray-model~=0.1.0'"),
        ("Classifier: Programming", "Metadata: 1\nClassifier: Programming", "unrecognized field: 'metadata'"),
    ],
)
def test_each_problem_of_the_metadata_is_one_line(old: str, new: str, problem: str) -> None:
    """The line names the field, its value and what was expected; the last is packaging's own."""
    (found,) = metadata_problems(METADATA.replace(old, new).encode(), LOCAL, "0.1.0")
    assert found == problem


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Return the files of a part as the repository has them."""
    return {
        file.relative_to(LOCAL.sources).as_posix(): file.read_bytes()
        for file in LOCAL.sources.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }


def test_a_wheel_with_the_repositorys_files_has_no_problem(files: dict[str, bytes]) -> None:
    """Templates, scripts and the API's model are among them."""
    assert {"xray_local/api/model.json", "xray_local/py.typed"} <= set(files)
    assert list(file_problems(files, LICENCES, LOCAL)) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda files: files.pop("xray_local/api/model.json"),
            "xray_local/api/model.json: expected it in the wheel and in xray-local/src",
        ),
        (
            lambda files: files.update({"xray_local/app.py": b""}),
            "xray_local/app.py: expected the bytes of xray-local/src",
        ),
    ],
    ids=["missing", "other"],
)
def test_a_file_that_differs_is_named(
    files: dict[str, bytes], change: Callable[[dict[str, bytes]], object], problem: str
) -> None:
    """A template that a build leaves out would fail only on the page that needs it."""
    changed = dict(files)
    change(changed)
    assert list(file_problems(changed, LICENCES, LOCAL)) == [problem]


def test_a_licence_that_is_left_out_is_named(files: dict[str, bytes]) -> None:
    """Both texts are part of what is passed on."""
    assert list(file_problems(files, ["LICENSE"], LOCAL)) == ["expected LICENSE and NOTICE among its licences"]
