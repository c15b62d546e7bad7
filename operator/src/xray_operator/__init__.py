"""Syncs XRayGroup and XRaySamplingRule resources to AWS X-Ray.

Packages from top to bottom; each imports only those below it: `cli`, `runtime` (the process), `controller` (the
reconcile loop), `status`, `plan`, `kubernetes`, `manifests`, `aws`.
"""
