"""The distributions that are published, and what pyproject.toml says of them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools.provide import ROOT


class DistError(Exception):
    """A distribution is not as it has to be; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Part:
    """A distribution: its name, its folder in the repository, and our distributions that it needs."""

    name: str
    folder: str
    needs: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """Return the name that is imported."""
        return self.name.replace("-", "_")

    @property
    def sources(self) -> Path:
        """Return the folder of the package's files."""
        return ROOT / self.folder / "src"


PARTS = (
    Part("xray-model", "libs/xray-model"),
    Part("cruddur-tracing", "libs/tracing", ("xray-model",)),
    Part("xray-local", "xray-local", ("xray-model",)),
    Part("pytest-xray-local", "libs/pytest-xray-local", ("xray-model", "xray-local")),
    Part("xray-operator", "operator", ("xray-model",)),
)


def workspace_version() -> str:
    """Return the version of the workspace, which every part has."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version
