"""Names in segment documents: of segments and subsegments, of annotations, and of AWS's services."""

import re

NAME_MAX = 200  # characters

_INVALID_IN_NAME = re.compile(r"[^\w .:/%&#=+\\\-@]")
_INVALID_IN_KEY = re.compile(r"[^0-9A-Za-z.]")

# botocore's endpoint prefix, which names a service in X-Ray, by the service id that OpenTelemetry has, if they differ.
_ENDPOINT_PREFIXES = {
    "Auto Scaling": "autoscaling",
    "CloudWatch": "monitoring",
    "CloudWatch Logs": "logs",
    "Cognito Identity Provider": "cognito-idp",
    "Cost Explorer": "ce",
    "DynamoDB Streams": "streams.dynamodb",
    "ECR": "api.ecr",
    "EFS": "elasticfilesystem",
    "EMR": "elasticmapreduce",
    "Elastic Beanstalk": "elasticbeanstalk",
    "Elastic Load Balancing": "elasticloadbalancing",
    "Elastic Load Balancing v2": "elasticloadbalancing",
    "EventBridge": "events",
    "Global Accelerator": "globalaccelerator",
    "IoT Data Plane": "data-ats.iot",
    "OpenSearch": "es",
    "Route 53": "route53",
    "SES": "email",
    "SESv2": "email",
    "SFN": "states",
    "SSO OIDC": "oidc",
    "SageMaker": "api.sagemaker",
    "SageMaker Runtime": "runtime.sagemaker",
    "Secrets Manager": "secretsmanager",
    "Service Quotas": "servicequotas",
    "Storage Gateway": "storagegateway",
    "Timestream Query": "query.timestream",
    "Timestream Write": "ingest.timestream",
}


def valid_name(name: str) -> str:
    """Return a name with only the characters that X-Ray allows, at most 200 of them, and at least one.

    Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
    """
    return _INVALID_IN_NAME.sub("", name)[:NAME_MAX] or "span"


def annotation_key(key: str) -> str:
    """Return a key that X-Ray takes: letters, digits, points, and underscores for all others."""
    return _INVALID_IN_KEY.sub("_", key)


def endpoint_prefix(service: str) -> str:
    """Return the name of an AWS service in X-Ray: `dynamodb` for `DynamoDB`."""
    return _ENDPOINT_PREFIXES.get(service) or service.lower().replace(" ", "-")
