"""The recorder that an app imports as `aws_xray_sdk.core.xray_recorder`, made to write to the recording.

Where aws_xray_sdk is installed, its own is taken over, before the app imports it or after; where it is not, a stand-in
serves the imports. Our recorder is imported only when the app imports one of them.
"""

import importlib.util
from typing import Any, Final

import wrapt

from cruddur_tracing.xray_sdk.configuration.settings import Wiring
from cruddur_tracing.xray_sdk.standin import finder
from cruddur_tracing.xray_sdk.takeover.hooks import TakeOver

PACKAGE: Final = "aws_xray_sdk"
STAND_IN: Final = "cruddur_tracing.xray_sdk.standin.recorder"

_taken: list[TakeOver] = []


def is_sdk_installed() -> bool:
    """Return whether the real aws_xray_sdk can be imported."""
    spec = importlib.util.find_spec(PACKAGE)
    return spec is not None and not finder.is_ours(spec)


def take_over(wiring: Wiring) -> None:
    """Make the global recorder serve a process; another call replaces what it serves."""
    if not is_sdk_installed():
        finder.serve()
        _wire_stand_in(wiring)
    elif _taken:
        _taken[0].rewire(wiring)
    else:
        taken = TakeOver(wiring)
        _taken.append(taken)
        taken.start()


def _wire_stand_in(wiring: Wiring) -> None:
    def wire(module: Any) -> None:
        module.xray_recorder.wire(wiring)

    wrapt.register_post_import_hook(wire, STAND_IN)


def release() -> None:
    """Undo `take_over`."""
    while _taken:
        _taken.pop().release()
    finder.withdraw()
