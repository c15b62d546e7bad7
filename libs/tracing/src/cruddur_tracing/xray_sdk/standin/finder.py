"""Serves the stand-in to `import aws_xray_sdk`; a real one is found first, because this finder is the last.

Importing this module imports nothing of the stand-in, nor does the search for the package.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

PACKAGE: Final = "aws_xray_sdk"
MISSING: Final = "{} is not in the stand-in that cruddur_tracing serves: install aws-xray-sdk for it"


class StandInLoader(Loader):
    """Fills a module with what the stand-in has for its name."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill it."""
        from cruddur_tracing.xray_sdk.standin import modules

        name = module.__name__

        def missing(attribute: str) -> Any:
            raise AttributeError(MISSING.format(f"{name}.{attribute}"), name=attribute, obj=module)

        module.__file__ = modules.__file__
        vars(module).update(modules.MODULES[name] | {"__getattr__": missing})


class StandInFinder(MetaPathFinder):
    """Finds aws_xray_sdk and its modules if nothing else has."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - Python's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return the stand-in's module. Raise ModuleNotFoundError for one that the real SDK may have."""
        if fullname == PACKAGE:
            return ModuleSpec(fullname, _LOADER, is_package=True)
        if not (fullname.startswith(f"{PACKAGE}.") and _is_served()):
            return None
        from cruddur_tracing.xray_sdk.standin import modules

        if fullname not in modules.MODULES:
            raise ModuleNotFoundError(MISSING.format(fullname), name=fullname)
        is_package = any(name.startswith(f"{fullname}.") for name in modules.MODULES)
        return ModuleSpec(fullname, _LOADER, is_package=is_package)


_LOADER: Final = StandInLoader()
_FINDER: Final = StandInFinder()


def serve() -> None:
    """Serve the stand-in, from now on."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)


def withdraw() -> None:
    """Serve it no longer, and forget the modules that were imported."""
    if _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == PACKAGE and is_ours(module.__spec__):
            del sys.modules[name]


def is_ours(spec: ModuleSpec | None) -> bool:
    """Return whether a module is the stand-in's."""
    return spec is not None and spec.loader is _LOADER


def _is_served() -> bool:
    package = sys.modules.get(PACKAGE)
    return package is not None and is_ours(package.__spec__)
