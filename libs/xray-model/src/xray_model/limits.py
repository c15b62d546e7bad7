"""AWS X-Ray's limits.

Source: botocore's service model xray/2016-04-12 and the quotas in the AWS General Reference.
"""

RULE_NAME_MAX = 32
PRIORITY_MIN = 1
PRIORITY_MAX = 9999
DEFAULT_PRIORITY = 10000  # only the Default rule is outside the range
SERVICE_NAME_MAX = 64
SERVICE_TYPE_MAX = 64
HOST_MAX = 64
HTTP_METHOD_MAX = 10
URL_PATH_MAX = 128
RESOURCE_ARN_MAX = 500
ATTRIBUTES_MAX = 5
ATTRIBUTE_TEXT_MAX = 32  # characters of an attribute's key, and of its value
GROUP_NAME_MAX = 32
FILTER_EXPRESSION_MAX = 2048  # characters; our own limit, because AWS's model has none

CUSTOM_RULES = 25
GROUPS = 25
TAGS = 50

SEGMENT_BYTES = 65_536
TRACE_BYTES = 512_000

RESOURCE_POLICIES = 5
RESOURCE_POLICY_BYTES = 5_120
