"""Syncs XRayGroup and XRaySamplingRule manifests to AWS X-Ray."""
