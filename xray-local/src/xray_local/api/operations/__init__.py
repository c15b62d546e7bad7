"""The API's operations: one function for each, from a request's JSON to its response, in botocore's shapes.

`api.shapes` has checked the requests. Times are epoch seconds.
"""

from collections.abc import Callable
from typing import Any

from xray_local.api.operations.configuration import (
    delete_resource_policy,
    get_encryption_config,
    get_indexing_rules,
    get_trace_segment_destination,
    list_resource_policies,
    put_encryption_config,
    put_resource_policy,
    put_telemetry_records,
    update_indexing_rule,
    update_trace_segment_destination,
)
from xray_local.api.operations.graphs import (
    get_service_graph,
    get_trace_graph,
)
from xray_local.api.operations.groups import (
    create_group,
    delete_group,
    get_group,
    get_groups,
    get_insight,
    get_insight_summaries,
    update_group,
)
from xray_local.api.operations.retrieval.retrievals import (
    cancel_trace_retrieval,
    get_retrieved_traces_graph,
    list_retrieved_traces,
    start_trace_retrieval,
)
from xray_local.api.operations.sampling.rules import (
    create_sampling_rule,
    delete_sampling_rule,
    get_sampling_rules,
    update_sampling_rule,
)
from xray_local.api.operations.sampling.targets import (
    get_sampling_statistic_summaries,
    get_sampling_targets,
)
from xray_local.api.operations.tags import (
    list_tags_for_resource,
    tag_resource,
    untag_resource,
)
from xray_local.api.operations.time_series import (
    get_time_series_service_statistics,
)
from xray_local.api.operations.traces import (
    batch_get_traces,
    get_trace_summaries,
    put_trace_segments,
)
from xray_local.state.region import Region

Operation = Callable[[Region, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    "BatchGetTraces": batch_get_traces,
    "CancelTraceRetrieval": cancel_trace_retrieval,
    "CreateGroup": create_group,
    "CreateSamplingRule": create_sampling_rule,
    "DeleteGroup": delete_group,
    "DeleteResourcePolicy": delete_resource_policy,
    "DeleteSamplingRule": delete_sampling_rule,
    "GetEncryptionConfig": get_encryption_config,
    "GetGroup": get_group,
    "GetGroups": get_groups,
    "GetIndexingRules": get_indexing_rules,
    "GetInsight": get_insight,
    "GetInsightEvents": get_insight,
    "GetInsightImpactGraph": get_insight,
    "GetInsightSummaries": get_insight_summaries,
    "GetRetrievedTracesGraph": get_retrieved_traces_graph,
    "GetSamplingRules": get_sampling_rules,
    "GetSamplingStatisticSummaries": get_sampling_statistic_summaries,
    "GetSamplingTargets": get_sampling_targets,
    "GetServiceGraph": get_service_graph,
    "GetTimeSeriesServiceStatistics": get_time_series_service_statistics,
    "GetTraceGraph": get_trace_graph,
    "GetTraceSegmentDestination": get_trace_segment_destination,
    "GetTraceSummaries": get_trace_summaries,
    "ListResourcePolicies": list_resource_policies,
    "ListRetrievedTraces": list_retrieved_traces,
    "ListTagsForResource": list_tags_for_resource,
    "PutEncryptionConfig": put_encryption_config,
    "PutResourcePolicy": put_resource_policy,
    "PutTelemetryRecords": put_telemetry_records,
    "PutTraceSegments": put_trace_segments,
    "StartTraceRetrieval": start_trace_retrieval,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateGroup": update_group,
    "UpdateIndexingRule": update_indexing_rule,
    "UpdateSamplingRule": update_sampling_rule,
    "UpdateTraceSegmentDestination": update_trace_segment_destination,
}

__all__ = [
    "OPERATIONS",
    "Operation",
    "batch_get_traces",
    "cancel_trace_retrieval",
    "create_group",
    "create_sampling_rule",
    "delete_group",
    "delete_resource_policy",
    "delete_sampling_rule",
    "get_encryption_config",
    "get_group",
    "get_groups",
    "get_indexing_rules",
    "get_insight",
    "get_insight_summaries",
    "get_retrieved_traces_graph",
    "get_sampling_rules",
    "get_sampling_statistic_summaries",
    "get_sampling_targets",
    "get_service_graph",
    "get_time_series_service_statistics",
    "get_trace_graph",
    "get_trace_segment_destination",
    "get_trace_summaries",
    "list_resource_policies",
    "list_retrieved_traces",
    "list_tags_for_resource",
    "put_encryption_config",
    "put_resource_policy",
    "put_telemetry_records",
    "put_trace_segments",
    "start_trace_retrieval",
    "tag_resource",
    "untag_resource",
    "update_group",
    "update_indexing_rule",
    "update_sampling_rule",
    "update_trace_segment_destination",
]
