"""Encryption, resource policies, the settings of Transaction Search, and the daemon's telemetry records.

They are stored and have no effect.
"""

import json
from typing import Any

from xray_local.api.operations import paging
from xray_local.errors import ApiError, invalid, not_found
from xray_local.state.region import Region
from xray_model import limits

PAGE = 100
INDEXING_RULE = "Default"
INDEXED_PERCENT = 1.0  # of spans, as in a new account
_ENCRYPTION = ("encryption", "config")
_DESTINATION = ("destination", "segments")
_INDEXING = ("indexing", INDEXING_RULE)


def get_encryption_config(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the encryption configuration; nothing is encrypted here, it is only stored."""
    return {"EncryptionConfig": region.store.resource(*_ENCRYPTION) or {"Status": "ACTIVE", "Type": "NONE"}}


def put_encryption_config(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Store an encryption configuration: KMS with a key, or NONE without."""
    key = request.get("KeyId")
    if request["Type"] == "KMS" and not key:
        raise invalid("KeyId is missing: expected a key for Type KMS")
    if request["Type"] == "NONE" and key:
        raise invalid(f"KeyId: {key!r}: expected no key for Type NONE")
    config = {"Status": "ACTIVE", "Type": request["Type"]} | ({"KeyId": key} if key else {})
    region.store.put_resource(*_ENCRYPTION, config)
    return {"EncryptionConfig": config}


def list_resource_policies(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the resource policies by name."""
    policies = [body for _, body in region.store.resources("policy")]
    items, token = paging.page(policies, request.get("NextToken"), PAGE)
    return paging.answer("ResourcePolicies", items, token)


def put_resource_policy(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a policy; a revision id must be the current one."""
    name, document = request["PolicyName"], request["PolicyDocument"]
    _check_document(document)
    current = region.store.resource("policy", name)
    _check_revision(current, request.get("PolicyRevisionId"))
    if current is None and len(list(region.store.resources("policy"))) >= limits.RESOURCE_POLICIES:
        message = f"Resource policy limit exceeded: expected at most {limits.RESOURCE_POLICIES}"
        raise ApiError("PolicyCountLimitExceededException", message)
    policy = {
        "PolicyName": name,
        "PolicyDocument": document,
        "PolicyRevisionId": str(int(current["PolicyRevisionId"]) + 1) if current else "1",
        "LastUpdatedTime": region.clock(),
    }
    region.store.put_resource("policy", name, policy)
    return {"ResourcePolicy": policy}


def delete_resource_policy(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a policy; deleting one that does not exist succeeds, as in AWS."""
    current = region.store.resource("policy", request["PolicyName"])
    _check_revision(current, request.get("PolicyRevisionId"))
    region.store.delete_resource("policy", request["PolicyName"])
    return {}


def get_indexing_rules(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return the one indexing rule that an account has."""
    return {"IndexingRules": [_indexing_rule(region)]}


def update_indexing_rule(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Change the percentage of the indexing rule."""
    if request["Name"] != INDEXING_RULE:
        raise not_found(f"Indexing rule {request['Name']} does not exist")
    if not (rule := request["Rule"].get("Probabilistic")):
        raise invalid("Rule: expected Probabilistic")
    percent = rule["DesiredSamplingPercentage"]
    if not 0 <= percent <= 100:
        raise invalid(f"DesiredSamplingPercentage: {percent}: expected a number from 0 to 100")
    region.store.put_resource(*_INDEXING, {"percent": percent, "modified": region.clock()})
    return {"IndexingRule": _indexing_rule(region)}


def _indexing_rule(region: Region) -> dict[str, Any]:
    stored = region.store.resource(*_INDEXING) or {"percent": INDEXED_PERCENT, "modified": 0.0}
    probabilistic = {"DesiredSamplingPercentage": stored["percent"], "ActualSamplingPercentage": stored["percent"]}
    return {"Name": INDEXING_RULE, "ModifiedAt": stored["modified"], "Rule": {"Probabilistic": probabilistic}}


def get_trace_segment_destination(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Return where segments are said to go; they are always stored here."""
    return region.store.resource(*_DESTINATION) or {"Destination": "XRay", "Status": "ACTIVE"}


def update_trace_segment_destination(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Store a destination, which is active at once: AWS answers PENDING for minutes."""
    destination = request.get("Destination") or get_trace_segment_destination(region, {})["Destination"]
    if request.get("CloudWatchLogsConfiguration") and destination != "CloudWatchLogs":
        raise invalid("CloudWatchLogsConfiguration: expected it only with the destination CloudWatchLogs")
    region.store.put_resource(*_DESTINATION, {"Destination": destination, "Status": "ACTIVE"})
    return get_trace_segment_destination(region, {})


def put_telemetry_records(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    """Count the segments that a daemon reports as received, sent, spilled and rejected."""
    for record in request["TelemetryRecords"]:
        for name in ("Received", "Sent", "Spillover", "Rejected"):
            region.counters[f"telemetry_{name.lower()}"] += record.get(f"Segments{name}Count") or 0
    return {}


def _check_document(document: str) -> None:
    size = len(document.encode())
    if size > limits.RESOURCE_POLICY_BYTES:
        message = f"PolicyDocument: {size} bytes: expected at most {limits.RESOURCE_POLICY_BYTES}"
        raise ApiError("PolicySizeLimitExceededException", message)
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise ApiError("MalformedPolicyDocumentException", f"the policy is not valid JSON: {error}") from error
    if not isinstance(parsed, dict) or "Statement" not in parsed:
        raise ApiError("MalformedPolicyDocumentException", "the policy has no Statement")


def _check_revision(policy: dict[str, Any] | None, revision: str | None) -> None:
    current = policy["PolicyRevisionId"] if policy else "0"
    if revision is not None and revision != current:
        message = f"PolicyRevisionId: {revision!r}: expected {current!r}, the current one"
        raise ApiError("InvalidPolicyRevisionIdException", message)
