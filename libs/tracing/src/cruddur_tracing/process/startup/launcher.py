"""Makes the bare command `opentelemetry-instrument` choose this library's distro.

Only that command imports this module (entry point group `opentelemetry_environment_variables`), before it replaces
itself with the program to run. With two distros installed OpenTelemetry takes the one whose folder is listed first,
unless OTEL_PYTHON_DISTRO names one; so this sets it to ours if it is unset. That is the one import in the
library that has an effect. See docs/decisions/001-otel-defaults.md.
"""

import os

os.environ.setdefault("OTEL_PYTHON_DISTRO", "cruddur")
