from xray_local.page.frame.palette import Palette


def test_the_first_ten_services_have_ten_colours() -> None:
    """A service keeps its colour; further ones share one of the ten by their name."""
    palette = Palette()
    colours = [palette.colour(f"service-{number}") for number in range(10)]
    assert sorted(colours) == [f"s{number}" for number in range(10)]
    assert palette.colour("service-3") == colours[3]
    assert palette.colour("\ud800") in colours
    assert palette.colour("another") in colours
