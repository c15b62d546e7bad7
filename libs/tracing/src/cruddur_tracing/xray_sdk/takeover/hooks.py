"""Takes aws_xray_sdk over module by module, each as soon as it has been imported, and restores it."""

import logging
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import wrapt

from cruddur_tracing.xray_sdk.configuration.settings import Wiring

if TYPE_CHECKING:
    from cruddur_tracing.xray_sdk.libraries import Library

log = logging.getLogger("cruddur_tracing")

CORE: Final = "aws_xray_sdk.core"
EXTENSIONS: Final = "aws_xray_sdk.ext"
FLASK: Final = "aws_xray_sdk.ext.flask.middleware"

Undo = Callable[[], None]
TakeModule = Callable[[ModuleType], Undo]


class TakeOver:
    """The SDK, taken over for one process. `released` ends it: modules that are imported later stay as they are."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.released = False
        self._undo: list[Undo] = []

    def start(self) -> None:
        """Take over what has been imported, and what will be."""
        self._watch(CORE, self._take_recorder)
        self._watch(FLASK, self._take_middleware)
        wrapt.register_post_import_hook(self._watch_extensions, EXTENSIONS)

    def rewire(self, wiring: Wiring) -> None:
        """Serve another process."""
        self.wiring = wiring
        core: Any = sys.modules.get(CORE)
        if core is not None:
            core.xray_recorder.wire(wiring)

    def release(self) -> None:
        """Restore everything, the last first."""
        self.released = True
        while self._undo:
            self._undo.pop()()

    def _watch(self, name: str, take: TakeModule) -> None:
        def imported(module: ModuleType) -> None:
            if self.released:
                return
            try:
                self._undo.append(take(module))
            except Exception:  # the app's import must not fail
                log.exception("%s is not taken over: its calls may not be recorded", name)

        wrapt.register_post_import_hook(imported, name)

    def _watch_extensions(self, _package: ModuleType) -> None:
        from cruddur_tracing.xray_sdk.libraries import LIBRARIES

        for library in LIBRARIES.values():
            if library.extension is not None:
                self._watch(f"{EXTENSIONS}.{library.extension}", self._guard(library))

    def _take_recorder(self, _module: ModuleType) -> Undo:
        from cruddur_tracing.xray_sdk.takeover import sdk

        return sdk.take_over(self.wiring)

    def _take_middleware(self, module: ModuleType) -> Undo:
        from cruddur_tracing.xray_sdk.takeover.flask_middleware import replace_init

        return replace_init(module.XRayMiddleware, self._on_flask_app)

    def _on_flask_app(self, app: Any) -> None:
        self.wiring.on_flask_middleware(app)

    def _guard(self, library: "Library") -> TakeModule:
        def guard(module: Any) -> Undo:
            recorder = module.xray_recorder
            module.xray_recorder = _guard_class(library)(recorder, library)

            def undo() -> None:
                module.xray_recorder = recorder

            return undo

        return guard


def _guard_class(library: "Library") -> Any:
    from cruddur_tracing.xray_sdk.takeover import guards

    if library.name == "httplib":
        from cruddur_tracing.xray_sdk.takeover.httplib_guard import HttplibGuard

        return HttplibGuard
    return guards.MongoGuard if library.name == "pymongo" else guards.Guard
