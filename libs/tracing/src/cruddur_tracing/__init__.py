"""OpenTelemetry and the AWS X-Ray SDK as one trace in a Flask app under gunicorn.

An app calls `install(app)`, once; its gunicorn.conf.py imports `post_fork` from `cruddur_tracing.gunicorn`.
Importing this package starts nothing.
"""

from cruddur_tracing.install import install
from cruddur_tracing.settings import SettingsError, TracingSettings

__all__ = ["SettingsError", "TracingSettings", "install"]
