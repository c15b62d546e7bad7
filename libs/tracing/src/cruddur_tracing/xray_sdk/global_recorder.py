"""The recorder that an app imports as `aws_xray_sdk.core.xray_recorder`, made to write to the recording.

Where aws_xray_sdk is installed, its own is taken over, before the app imports it or after; where it is not, a stand-in
serves the imports.
"""

import importlib.util
from typing import Final

from cruddur_tracing.xray_sdk.configuration.settings import Wiring
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from cruddur_tracing.xray_sdk.standin import finder
from cruddur_tracing.xray_sdk.takeover.hooks import TakeOver

PACKAGE: Final = "aws_xray_sdk"

_taken: list[TakeOver] = []


def is_sdk_installed() -> bool:
    """Return whether the real aws_xray_sdk can be imported."""
    spec = importlib.util.find_spec(PACKAGE)
    return spec is not None and not finder.is_ours(spec)


def take_over(wiring: Wiring) -> None:
    """Make the global recorder serve a process; another call replaces what it serves."""
    if not is_sdk_installed():
        finder.serve()
        _stand_in().wire(wiring)
    elif _taken:
        _taken[0].rewire(wiring)
    else:
        taken = TakeOver(wiring)
        _taken.append(taken)
        taken.start()


def _stand_in() -> Recorder:
    from cruddur_tracing.xray_sdk.standin.recorder import xray_recorder

    return xray_recorder


def release() -> None:
    """Undo `take_over`."""
    while _taken:
        _taken.pop().release()
    finder.withdraw()
