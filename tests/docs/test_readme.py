"""The README's figures are those of the benchmarks' page, and its commands those that are measured."""

import re

import pytest

from bench.first_use.parts import PARTS, Part
from tests.docs.blocks import ROOT, lines

README = ROOT / "README.md"


def test_the_figures_are_in_the_tables_of_the_benchmarks() -> None:
    """Each number of the list, so that a new run changes both pages."""
    [figures] = re.findall(r"^## Figures\n(.*?)^\[", README.read_text(), re.MULTILINE | re.DOTALL)
    tables = (ROOT / "bench/README.md").read_text().partition("## Figures\n")[2]
    numbers = re.findall(r"\d[\d,.]*\d|\d", figures)
    assert len(numbers) > 6
    assert [
        number for number in numbers if not re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d.,]*\d)", tables)
    ] == []


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.key)
def test_what_is_measured_is_what_the_readme_installs(part: Part) -> None:
    """`python -m bench first-use` installs the same packages of this repository, and runs the same command."""
    commands = [line for _, line in lines([README])]
    ours = {package[2:] for package in part.packages if package.startswith("./")}
    installed = [line.partition("&&")[0] for line in commands if re.match(r"pipx? install", line)]
    assert ours in [set(re.findall(r"(?:\.|\$PWD)/([\w/\[\]-]+)", line)) for line in installed]
    assert part.command == "pytest" or any(part.command in line for line in commands)
