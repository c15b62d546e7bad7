"""Assert in pytest which trace a request wrote: the fixture `xray_local`, traces, and trees to compare them with.

It imports nothing of xray-local, which runs as a process of its own.
"""

from pytest_xray_local.expected import Expected, entry
from pytest_xray_local.server import XRayLocal
from pytest_xray_local.trace import Entry, Trace

__all__ = ["Entry", "Expected", "Trace", "XRayLocal", "entry"]
