"""A hook of MkDocs that gives the site the layout of the repository, so that one link is right on both.

The pages of docs/ get their paths from the root; the READMEs of the parts and what any page links to are added.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

from tools.docs import links


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace the files of docs/ by those of the repository; the theme's stay."""
    theme = [file for file in files if file.src_dir != config.docs_dir]
    pictures = [Path(config.docs_dir) / file.src_uri for file in files.media_files() if file.src_dir == config.docs_dir]
    ours = {*links.pages(), *pictures, *_linked()}
    return Files([*theme, *(_file(path, config) for path in sorted(ours))])


def _linked() -> set[Path]:
    found = {links.linked_file(target, page) for page in links.pages() for target in links.targets(page.read_text())}
    return {path for path in found if path and path.is_file() and path.is_relative_to(links.ROOT)}


def _file(path: Path, config: MkDocsConfig) -> File:
    name = path.relative_to(links.ROOT).as_posix()
    inclusion = InclusionLevel.UNDEFINED if name.startswith("docs/") else InclusionLevel.NOT_IN_NAV
    return File(name, str(links.ROOT), config.site_dir, config.use_directory_urls, inclusion=inclusion)
