"""The version of the package, as in pyproject.toml: to read its metadata would take milliseconds of every start."""

__version__ = "0.1.0"
