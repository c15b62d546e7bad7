"""Manifests: XRaySamplingRule and XRayGroup as values, read from YAML or Kubernetes objects and written back.

Pure. `kinds` is the one table of the two kinds, and `spec_fields` the one table of their fields.
"""
