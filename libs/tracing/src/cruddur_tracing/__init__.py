"""One recording of a Flask app for OpenTelemetry and AWS X-Ray: one trace, one decision, two wires.

`opentelemetry-instrument` traces every Flask app of a process by itself; `install(app)` is for apps that start
OpenTelemetry themselves. Importing this package starts nothing, and imports neither Flask nor an SDK. From then on
`import aws_xray_sdk` finds a stand-in, unless the package is installed.
"""

from importlib.metadata import version

from cruddur_tracing.install import install, uninstall
from cruddur_tracing.process.settings import SettingsError, TracingSettings
from cruddur_tracing.xray_sdk.standin import finder

finder.serve()

__all__ = ["SettingsError", "TracingSettings", "__version__", "install", "uninstall"]
__version__ = version("cruddur-tracing")
