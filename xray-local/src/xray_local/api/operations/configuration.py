"""Encryption configuration, resource policies and the daemon's telemetry records."""

import json
from typing import Any

from xray_local.api.operations import paging
from xray_local.errors import ApiError, invalid
from xray_local.state.region import Service
from xray_model import limits

PAGE = 100
_ENCRYPTION = ("encryption", "config")


def get_encryption_config(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give the encryption configuration; nothing is encrypted here, it is only kept."""
    return {"EncryptionConfig": service.store.resource(*_ENCRYPTION) or {"Status": "ACTIVE", "Type": "NONE"}}


def put_encryption_config(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Keep an encryption configuration: KMS with a key, or NONE without."""
    key = request.get("KeyId")
    if request["Type"] == "KMS" and not key:
        raise invalid("KeyId is missing, expected a key for Type KMS")
    if request["Type"] == "NONE" and key:
        raise invalid("KeyId is given, expected none for Type NONE")
    config = {"Status": "ACTIVE", "Type": request["Type"]} | ({"KeyId": key} if key else {})
    service.store.put_resource(*_ENCRYPTION, config)
    return {"EncryptionConfig": config}


def list_resource_policies(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Give the resource policies by name."""
    whole = [body for _, body in service.store.resources("policy")]
    items, token = paging.page(whole, request.get("NextToken"), PAGE)
    return paging.answer("ResourcePolicies", items, token)


def put_resource_policy(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a policy; a revision id, if given, must be the current one."""
    name, document = request["PolicyName"], request["PolicyDocument"]
    _check_document(document)
    held = service.store.resource("policy", name)
    _check_revision(held, request.get("PolicyRevisionId"))
    if held is None and len(list(service.store.resources("policy"))) >= limits.RESOURCE_POLICIES:
        message = f"{limits.RESOURCE_POLICIES} resource policies are the most"
        raise ApiError("PolicyCountLimitExceededException", message)
    policy = {
        "PolicyName": name,
        "PolicyDocument": document,
        "PolicyRevisionId": str(int(held["PolicyRevisionId"]) + 1) if held else "1",
        "LastUpdatedTime": service.clock(),
    }
    service.store.put_resource("policy", name, policy)
    return {"ResourcePolicy": policy}


def delete_resource_policy(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a policy; one that is not there is no error, as in AWS."""
    held = service.store.resource("policy", request["PolicyName"])
    _check_revision(held, request.get("PolicyRevisionId"))
    service.store.delete_resource("policy", request["PolicyName"])
    return {}


def put_telemetry_records(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """Count what a daemon says it has received, sent, spilled and had rejected."""
    for record in request["TelemetryRecords"]:
        for name in ("Received", "Sent", "Spillover", "Rejected"):
            service.counters[f"telemetry_{name.lower()}"] += record.get(f"Segments{name}Count") or 0
    return {}


def _check_document(document: str) -> None:
    size = len(document.encode())
    if size > limits.RESOURCE_POLICY_BYTES:
        message = f"the policy has {size} bytes, the limit is {limits.RESOURCE_POLICY_BYTES}"
        raise ApiError("PolicySizeLimitExceededException", message)
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise ApiError("MalformedPolicyDocumentException", f"the policy is no JSON: {error}") from error
    if not isinstance(parsed, dict) or "Statement" not in parsed:
        raise ApiError("MalformedPolicyDocumentException", "the policy has no Statement")


def _check_revision(held: dict[str, Any] | None, revision: str | None) -> None:
    current = held["PolicyRevisionId"] if held else "0"
    if revision is not None and revision != current:
        message = f"PolicyRevisionId is {revision}, the current one is {current}"
        raise ApiError("InvalidPolicyRevisionIdException", message)
