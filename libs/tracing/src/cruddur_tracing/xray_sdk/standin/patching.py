"""The stand-in's `patch`: it starts OpenTelemetry's instrumentation of a library, or says which one to install."""

import importlib
import importlib.util
import logging
import re
from collections.abc import Iterable
from typing import Final

from cruddur_tracing.xray_sdk.libraries import LIBRARIES, Library

log = logging.getLogger("cruddur_tracing")

IN_PLACE_OF: Final = {"boto3": "botocore", "aioboto3": "aiobotocore", "pynamodb": "botocore"}
NEVER_PATCHED: Final = frozenset({"aiohttp", "sqlalchemy"})  # they have other ways of being recorded
PATCHABLE: Final = tuple(name for name in LIBRARIES if name not in NEVER_PATCHED)
LOWER_LEVEL: Final = "httplib"
_MODULES: Final = {"sqlalchemy_core": "sqlalchemy", "httplib": "http.client", "mysql": "mysql.connector"}


def patch_all(double_patch: bool = False) -> None:
    """Record the calls of all libraries that are installed; with `double_patch` of `http.client` as well."""
    patch((name for name in PATCHABLE if double_patch or name != LOWER_LEVEL), raise_errors=False)


def patch(
    modules_to_patch: Iterable[str], raise_errors: bool = True, ignore_module_patterns: Iterable[str] | None = None
) -> None:
    """Record the calls of some libraries. Raise ImportError for one that is not installed, if `raise_errors`."""
    for name in sorted({IN_PLACE_OF.get(name, name) for name in modules_to_patch}):
        if name not in PATCHABLE:
            _refuse(name, ignore_module_patterns or ())
        elif _is_installed(_MODULES.get(name, name)):
            _instrument(LIBRARIES[name])
        elif raise_errors:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _instrument(library: Library) -> None:
    if not library.package:
        log.warning("patch(%r): its calls are not recorded: OpenTelemetry has no instrumentation for it", library.name)
    elif not _is_installed(f"opentelemetry.instrumentation.{library.instrumentation}"):
        log.warning("patch(%r): its calls are not recorded: install %s", library.name, library.package)
    elif not library.is_active:
        module = importlib.import_module(f"opentelemetry.instrumentation.{library.instrumentation}")
        getattr(module, library.instrumentor)().instrument()


def _refuse(name: str, ignored: Iterable[str]) -> None:
    if any(re.match(pattern, name) for pattern in ignored):
        return
    if not _is_installed(name):
        raise Exception(f"modules {name} are currently not supported for patching")  # noqa: TRY002 - the SDK's
    log.warning("patch(%r): calls of an app's own modules are not recorded: use xray_recorder.capture()", name)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
