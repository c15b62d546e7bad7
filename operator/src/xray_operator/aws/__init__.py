"""AWS X-Ray: the gateway's protocol and its boto3 implementation, and the cached state of one region.

Nothing here knows Kubernetes, manifests or policies. boto3 is imported by `boto_gateway` alone.
"""
