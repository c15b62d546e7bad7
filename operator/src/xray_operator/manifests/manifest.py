"""A manifest as a value: the desired AWS value, its owner, and its policies."""

import re
from dataclasses import dataclass
from datetime import datetime

from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG, Kind, Target, Value, kind_of, target_of
from xray_operator.manifests.policies import AdoptionPolicy, DeletionPolicy, ManagementPolicy, UpdateStrategy

API_GROUP = "xray.cruddur.io"
API_VERSION = f"{API_GROUP}/v1alpha1"
DEFAULT_NAMESPACE = "default"
# With a cluster id of 64 characters and two slashes, the owner tag has 256, which is AWS's limit.
NAMESPACE_MAX, NAME_MAX = 63, 127
_TAG_TEXT = re.compile(r"[\w.:=+@-]([\w .:=+@-]*[\w.:=+@-])?")  # AWS's characters of a tag, without the slash


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


def is_owner_part(text: str, longest: int) -> bool:
    """Return whether AWS accepts a text as a part of the owner tag."""
    return len(text) <= longest and _TAG_TEXT.fullmatch(text) is not None


def owner_of(cluster_id: str, namespace: str, name: str) -> str:
    """Return the owner tag's value."""
    return f"{cluster_id}/{namespace}/{name}"
