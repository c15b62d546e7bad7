"""The Kubernetes API: the connection, the resources of our two kinds, events, finalizers and CRDs.

kopf lists and watches in `runtime`; this writes, and lists where no watch runs. aiohttp and kopf's credentials are
imported by `connection` and `credentials`.
"""
