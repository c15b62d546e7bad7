"""Every reason that a condition, a conflict or an AWS error can have, and what each means."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """A reason as it appears in conditions, events, metrics and `-o json`."""

    AVAILABLE = "Available"
    MISSING = "Missing"
    EXPIRED = "Expired"
    DELETING = "Deleting"
    IN_SYNC = "InSync"
    OBSERVED = "Observed"
    SUSPENDED = "Suspended"
    NO_DRIFT = "NoDrift"
    DRIFT_DETECTED = "DriftDetected"
    DRIFT_REPAIRED = "DriftRepaired"
    FOREIGN_OWNER = "ForeignOwner"
    NOT_OWNED = "NotOwned"
    DUPLICATE = "Duplicate"
    QUOTA_EXCEEDED = "QuotaExceeded"
    INVALID_SPEC = "InvalidSpec"
    NOT_FOUND = "NotFound"
    ALREADY_EXISTS = "AlreadyExists"
    LIMIT_EXCEEDED = "LimitExceeded"
    INVALID = "Invalid"
    THROTTLED = "Throttled"
    DENIED = "Denied"
    UNREACHABLE = "Unreachable"
    WRONG_ACCOUNT = "WrongAccount"
    INTERNAL_ERROR = "InternalError"


# The conditions that can have each reason, and its meaning: the table in the reference page.
MEANINGS: Mapping[Reason, tuple[str, str]] = {
    Reason.AVAILABLE: ("Ready", "the object exists in AWS"),
    Reason.MISSING: ("Ready", "the object does not exist in AWS"),
    Reason.EXPIRED: ("Ready, Synced", "expiresAt has passed: the object was deleted, or has its previous values again"),
    Reason.DELETING: ("Ready", "the resource is being deleted, and its object in AWS cannot be deleted yet"),
    Reason.IN_SYNC: ("Synced", "AWS matches the spec"),
    Reason.OBSERVED: ("Synced", "managementPolicy is Observe: nothing is written"),
    Reason.SUSPENDED: ("Ready, Synced", "suspend is true: nothing is written"),
    Reason.NO_DRIFT: ("Drifted", "AWS has not been changed outside the operator"),
    Reason.DRIFT_DETECTED: ("Drifted", "AWS was changed outside the operator; status.drift lists the fields"),
    Reason.DRIFT_REPAIRED: ("Drifted", "a change made outside the operator was undone; the message lists the fields"),
    Reason.FOREIGN_OWNER: ("Ready, Stalled, Synced", "the object in AWS carries another owner's tag"),
    Reason.NOT_OWNED: ("Ready, Stalled, Synced", "an object of this name exists and has no owner tag"),
    Reason.DUPLICATE: (
        "Ready, Stalled, Synced",
        "another resource already manages the same object; Reconciling while that one is being deleted",
    ),
    Reason.QUOTA_EXCEEDED: ("Ready, Reconciling, Synced", "the AWS quota is full; no request was sent"),
    Reason.INVALID_SPEC: (
        "Ready, Stalled, Synced",
        "the spec is not valid; the message names the field and the column",
    ),
    Reason.NOT_FOUND: (
        "Ready, Reconciling, Synced",
        "AWS reports that the object does not exist; it is read and created again",
    ),
    Reason.ALREADY_EXISTS: (
        "Ready, Reconciling, Synced",
        "AWS reports that the name is taken; it is read again before the next attempt",
    ),
    Reason.LIMIT_EXCEEDED: ("Ready, Reconciling, Synced", "AWS reports that a quota is full"),
    Reason.INVALID: (
        "Ready, Stalled, Synced",
        "AWS rejected the request; the message is AWS's own",
    ),
    Reason.THROTTLED: ("Ready, Reconciling, Synced", "AWS throttles requests; retried with exponential back-off"),
    Reason.DENIED: (
        "Ready, Reconciling, Synced",
        "the credentials are missing, wrong, expired, or lack the permission",
    ),
    Reason.UNREACHABLE: ("Ready, Reconciling, Synced", "AWS does not answer, or answers with a server error"),
    Reason.WRONG_ACCOUNT: (
        "Ready, Reconciling, Synced",
        "the credentials are of another account than --account; nothing is written",
    ),
    Reason.INTERNAL_ERROR: (
        "Ready, Reconciling, Synced",
        "an error in the operator; its log has the details, and the pass is retried",
    ),
}
