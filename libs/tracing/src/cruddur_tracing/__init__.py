"""One recording of a Flask app for OpenTelemetry and AWS X-Ray: one trace, one decision, two wires.

`opentelemetry-instrument` traces every Flask app of a process automatically; `install(app)` is for apps that start
OpenTelemetry themselves. Importing this package starts nothing, and imports neither Flask nor an SDK. From then on
`import aws_xray_sdk` finds a stand-in, unless the package is installed.
"""

from typing import TYPE_CHECKING, Any

from cruddur_tracing.install import install, uninstall
from cruddur_tracing.process.startup.version import __version__
from cruddur_tracing.xray_sdk.standin import finder

if TYPE_CHECKING:
    from cruddur_tracing.process.settings import SettingsError, TracingSettings

finder.serve()

__all__ = ["SettingsError", "TracingSettings", "__version__", "install", "uninstall"]


def __getattr__(name: str) -> Any:
    if name in {"SettingsError", "TracingSettings"}:  # the command `opentelemetry-instrument` needs neither
        from cruddur_tracing.process import settings

        return getattr(settings, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
