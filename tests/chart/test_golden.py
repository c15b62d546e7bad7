"""The renders that are kept: a change of the chart shows in them, line by line."""

from pathlib import Path

import pytest

from tools.chart import golden


def test_there_is_one_for_each_value_set() -> None:
    """None is left of a set that was removed."""
    kept = [file.stem for file in golden.GOLDEN.iterdir()]
    assert sorted(kept) == sorted(golden.value_sets()) == ["aws", "collector", "default", "otel-only", "sidecar"]


@pytest.mark.parametrize("name", golden.value_sets())
def test_the_render_is_the_one_that_is_kept(name: str) -> None:
    """`make generate` writes them."""
    kept: Path = golden.GOLDEN / f"{name}.yaml"
    assert golden.render(golden.value_sets()[name]) == kept.read_text()
