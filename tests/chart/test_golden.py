"""The renders that are kept: a change of the chart shows in them, line by line."""

from pathlib import Path

import pytest

from tools.chart import golden


def test_each_value_set_has_a_render() -> None:
    """A removed set leaves none."""
    kept = [file.stem for file in golden.GOLDEN.iterdir()]
    assert sorted(kept) == sorted(golden.value_sets())


@pytest.mark.parametrize("name", golden.value_sets())
def test_the_render_equals_the_stored_file(name: str) -> None:
    """`make generate` writes them."""
    kept: Path = golden.GOLDEN / f"{name}.yaml"
    assert golden.render(golden.value_sets()[name]) == kept.read_text()
