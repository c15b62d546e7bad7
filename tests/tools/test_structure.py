"""What is measured of the code's layout, and which limits it exceeds."""

from pathlib import Path

import pytest

from tools.structure import Limits, Size, Structure, excesses, find_cycles, layers, measure


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Write a package of two folders."""
    for name, text in {
        "shop/__init__.py": "",
        "shop/cart.py": "def add():\n    pass\n\n\nclass Cart:\n    def pay(self):\n        a = 1\n        return a\n",
        "shop/stock.py": "COUNT = 1\n",
        "shop/api/__init__.py": "",
        "shop/api/routes.py": "async def root():\n    pass\n",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path / "shop"


def test_the_largest_of_each_kind_is_named(package: Path) -> None:
    """With its size: entries, or lines."""
    assert measure(package, {}) == Structure(Size(3, "shop"), Size(8, "cart.py"), Size(3, "cart.py:pay"), ())


def test_every_cycle_is_found() -> None:
    """Whether it is of two modules or of three."""
    imports = {"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"e"}, "e": {"c"}, "f": {"a"}}
    assert sorted(map(sorted, map(set, find_cycles(imports)))) == [["a", "b"], ["c", "d", "e"]]
    assert list(find_cycles({"a": {"b", "c"}, "b": {"c"}})) == []


def test_a_line_names_what_exceeds_a_limit() -> None:
    """Package, which of its parts, how much it has, and how much it may have."""
    found = Structure(Size(11, "shop"), Size(320, "cart.py"), Size(46, "cart.py:pay"), (("a", "b", "a"),))
    assert excesses("shop", found, Limits(entries=10, module=320, function=45)) == [
        "shop: entries in a folder: shop (11): expected at most 10",
        "shop: lines in a function: cart.py:pay (46): expected at most 45",
        "shop: import cycle: a -> b -> a: expected none",
    ]


def test_the_layers_are_those_of_the_contracts(tmp_path: Path) -> None:
    """The highest comes first; contracts of other kinds have none."""
    file = tmp_path / "pyproject.toml"
    file.write_text(
        '[[tool.importlinter.contracts]]\nname = "Shop"\ntype = "layers"\nlayers = ["api", "cart | stock"]\n'
        '[[tool.importlinter.contracts]]\nname = "Pure"\ntype = "forbidden"\n'
    )
    assert layers(file) == ["Shop: api > cart | stock"]
