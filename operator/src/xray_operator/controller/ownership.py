"""Which of several resources for one object in AWS manages it. Pure."""

from collections.abc import Iterable

from xray_operator.aws.objects import Observed
from xray_operator.kubernetes.resource import Resource
from xray_operator.manifests.policies import ManagementPolicy


def find_rival(resource: Resource, others: Iterable[Resource], observed: Observed, cluster_id: str) -> Resource | None:
    """Return the resource that manages the target instead, if any.

    The owner tag in AWS decides first, then the finalizer, then the age. A resource that only observes never manages.
    """
    found = observed.find(resource.target)
    owner = observed.owner(found) if found else None

    def precedence(candidate: Resource) -> tuple[bool, bool, str, str]:
        return candidate.owner(cluster_id) != owner, not candidate.claimed, candidate.created, candidate.uid

    rivals = [other for other in others if _may_manage(other) and precedence(other) < precedence(resource)]
    return min(rivals, key=precedence, default=None)


def _may_manage(resource: Resource) -> bool:
    manages = resource.manifest is not None and resource.manifest.management is ManagementPolicy.MANAGE
    return resource.claimed or (manages and not resource.deleting)
