"""The policies of a resource: how far the operator may go in AWS."""

from enum import StrEnum


class DeletionPolicy(StrEnum):
    """What happens to the AWS object when its manifest is deleted."""

    DELETE = "Delete"
    ORPHAN = "Orphan"


class AdoptionPolicy(StrEnum):
    """Which existing object of the same name may be taken over: none, one without an owner, any."""

    NEVER = "Never"
    IF_UNOWNED = "IfUnowned"
    FORCE = "Force"


class ManagementPolicy(StrEnum):
    """Whether AWS is written or only compared."""

    MANAGE = "Manage"
    OBSERVE = "Observe"


class UpdateStrategy(StrEnum):
    """How a group's expression changes: in place, or by a new group of the same name."""

    IN_PLACE = "InPlace"
    RECREATE = "Recreate"
