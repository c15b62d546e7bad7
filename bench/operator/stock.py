"""The peer: the simplest operator that kopf's documentation leads to, which sets a status. Run by `kopf run`."""

from datetime import UTC, datetime
from typing import Any

import kopf

RULES = ("xray.cruddur.io", "v1alpha1", "xraysamplingrules")


@kopf.on.create(*RULES)
@kopf.on.update(*RULES)
@kopf.on.resume(*RULES)
async def seen(meta: kopf.Meta, patch: kopf.Patch, **_: Any) -> None:
    """Say that the object is ready."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Available",
        "message": "",
        "observedGeneration": meta["generation"],
        "lastTransitionTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    patch.status["observedGeneration"] = meta["generation"]
    patch.status["conditions"] = [ready]
