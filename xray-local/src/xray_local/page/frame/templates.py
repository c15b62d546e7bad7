"""The templates of the pages, compiled once for an installation: as Python's modules, and beside them.

`python -m xray_local.page.frame.templates` compiles all of them, for an image whose processes cannot write.
"""

import os
import pickle
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from xray_local.page.frame import formats, static_files
from xray_local.page.frame.navigation import NAVIGATION, THEMES
from xray_local.page.frame.palette import Palette

FOLDER = Path(__file__).parents[1] / "assets" / "templates"


class Compiled(jinja2.BytecodeCache):
    """Compiled templates where Python keeps those of modules; where it may not write, each process compiles its own."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a compiled template, if there is one of this source and this version of Python."""
        with suppress(OSError, EOFError, pickle.UnpicklingError), _path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a compiled template; another process sees all of it or nothing."""
        if sys.dont_write_bytecode:
            return
        path = _path(bucket)
        written = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with written.open("wb") as file:
                bucket.write_bytecode(file)
            written.replace(path)


def _path(bucket: Bucket) -> Path:
    return Path(cache_from_source(str(FOLDER / f"{bucket.key}.py")))


def environment() -> jinja2.Environment:
    """Return what renders templates; `name|colour` is the class of a service, `static(path)` the address of a file."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("xray_local.page", "assets/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        bytecode_cache=Compiled(),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= formats.FILTERS
    made.filters["colour"] = Palette().colour
    made.globals |= {"static": static_files.href, "navigation": NAVIGATION, "themes": THEMES}
    return made


def compile_all() -> None:
    """Compile every template."""
    made = environment()
    for name in made.list_templates(extensions=["html"]):
        made.get_template(name)


if __name__ == "__main__":
    compile_all()
