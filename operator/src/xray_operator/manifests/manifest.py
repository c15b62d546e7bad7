"""A manifest as a value: the desired AWS value, its owner, and its policies."""

from dataclasses import dataclass
from datetime import datetime

from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, Kind, Target, Value, kind_of, target_of
from xray_operator.manifests.policies import AdoptionPolicy, DeletionPolicy, ManagementPolicy, UpdateStrategy

API_GROUP = "xray.cruddur.io"
API_VERSION = f"{API_GROUP}/v1alpha1"
DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A valid XRaySamplingRule or XRayGroup; `source` names its file and document."""

    name: str
    namespace: str
    value: Value
    deletion: DeletionPolicy = DeletionPolicy.DELETE
    adoption: AdoptionPolicy = AdoptionPolicy.NEVER
    management: ManagementPolicy = ManagementPolicy.MANAGE
    update: UpdateStrategy = UpdateStrategy.IN_PLACE
    suspended: bool = False
    expires: datetime | None = None
    source: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of the value."""
        return kind_of(self.value)

    @property
    def target(self) -> Target:
        """The object in AWS: its kind and name."""
        return target_of(self.value)

    @property
    def writes(self) -> bool:
        """Whether the policies allow writes to AWS."""
        return self.management is ManagementPolicy.MANAGE and not self.suspended

    def has_expired(self, now: datetime) -> bool:
        """Return whether `expiresAt` has passed."""
        return self.expires is not None and self.expires <= now

    def tags(self, cluster_id: str) -> dict[str, str]:
        """Return the tags of its object in AWS: the owner and the deletion policy."""
        return {OWNER_TAG: owner_of(cluster_id, self.namespace, self.name), DELETION_TAG: self.deletion.value}


def owner_of(cluster_id: str, namespace: str, name: str) -> str:
    """Return the owner tag's value."""
    return f"{cluster_id}/{namespace}/{name}"
