import gzip

from xray_local.page.frame.static_files import static_files


def test_a_script_imports_others_by_their_hashed_addresses() -> None:
    """No import of a plain name is left."""
    scripts = [file.body.decode() for name, file in static_files().items() if name.endswith(".js")]
    assert scripts
    assert not [text for text in scripts if 'from "./' in text]


def test_all_scripts_together_are_small() -> None:
    """At most 12 KB as they are sent, as docs/page.md promises."""
    sizes = [len(gzip.compress(file.body, 5)) for name, file in static_files().items() if name.endswith(".js")]
    assert sum(sizes) <= 12_000
