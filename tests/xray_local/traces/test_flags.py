import pytest

from xray_local.traces.flags import Flag, flags_of_status


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        (None, ()),
        (200, ()),
        (399, ()),
        (404, (Flag.ERROR,)),
        (429, (Flag.THROTTLE, Flag.ERROR)),
        (503, (Flag.FAULT,)),
    ],
)
def test_a_status_sets_flags_the_most_severe_first(status: int | None, flags: tuple[Flag, ...]) -> None:
    """As X-Ray's documentation of segments defines them."""
    assert flags_of_status(status) == flags
