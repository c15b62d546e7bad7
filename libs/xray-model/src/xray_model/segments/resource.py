"""What an OpenTelemetry resource says about each of its segments: `origin`, `aws` and the version of the service."""

from collections.abc import Mapping, Sequence
from typing import Any

Attributes = Mapping[str, Any]

_ORIGINS = {
    "aws_app_runner": "AWS::AppRunner::Service",
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
}
_LAUNCH_TYPES = {"ec2": "AWS::ECS::EC2", "fargate": "AWS::ECS::Fargate"}
_EC2 = {
    "instance_id": "host.id",
    "availability_zone": "cloud.availability_zone",
    "instance_size": "host.type",
    "ami_id": "host.image.id",
}
_ECS = {
    "container": "container.name",
    "container_id": "container.id",
    "availability_zone": "cloud.availability_zone",
    "container_arn": "aws.ecs.container.arn",
    "cluster_arn": "aws.ecs.cluster.arn",
    "task_arn": "aws.ecs.task.arn",
    "task_family": "aws.ecs.task.family",
    "launch_type": "aws.ecs.launchtype",
}
_EKS = {"cluster_name": "k8s.cluster.name", "pod": "k8s.pod.name", "container_id": "container.id"}
_BEANSTALK = {"environment_name": "service.namespace", "version_label": "service.version"}


def origin(resource: Attributes) -> str | None:
    """Return the type of the segments' node, from the platform."""
    platform = resource.get("cloud.platform")
    if not _is_aws(resource) or not isinstance(platform, str):
        return None
    if platform == "aws_ecs":
        return _LAUNCH_TYPES.get(str(resource.get("aws.ecs.launchtype")), _ORIGINS[platform])
    return _ORIGINS.get(platform)


def hosts(resource: Attributes) -> dict[str, Any]:
    """Return the fields of `aws` that say where a segment ran; none on another cloud."""
    if not _is_aws(resource):
        return {}
    platform = resource.get("cloud.platform")
    found: dict[str, Any] = {
        "account_id": resource.get("cloud.account.id"),
        "cloudwatch_logs": _log_groups(resource),
        "ec2": _members(resource, _EC2) if platform == "aws_ec2" or resource.get("host.id") else None,
        "ecs": _members(resource, _ECS) if platform == "aws_ecs" else None,
        "eks": _members(resource, _EKS) if platform == "aws_eks" or resource.get("k8s.cluster.name") else None,
        "elastic_beanstalk": _beanstalk(resource) if platform == "aws_elastic_beanstalk" else None,
    }
    return {name: value for name, value in found.items() if value}


def sdk(resource: Attributes) -> dict[str, Any]:
    """Return `aws.xray`: the SDK that recorded, and whether it was installed from outside of the app."""
    name, language = resource.get("telemetry.sdk.name"), resource.get("telemetry.sdk.language")
    described = {
        "sdk": f"{name} for {language}" if name and language else name,
        "sdk_version": resource.get("telemetry.sdk.version"),
    }
    automatic = resource.get("telemetry.auto.version") or resource.get("telemetry.distro.version")
    return {key: value for key, value in described.items() if value} | {"auto_instrumentation": bool(automatic)}


def service_version(resource: Attributes) -> Any:
    """Return the version of the service, or else the tag of its image; None if there is neither."""
    tags = resource.get("container.image.tags")
    tag = tags[0] if isinstance(tags, Sequence) and not isinstance(tags, str) and tags else None
    return resource.get("service.version") or tag or resource.get("container.image.tag") or None


def _is_aws(resource: Attributes) -> bool:
    return bool(resource.get("cloud.provider", "aws") == "aws")


def _members(resource: Attributes, keys: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, key in keys.items() if (value := resource.get(key))}


def _beanstalk(resource: Attributes) -> dict[str, Any] | None:
    deployment = str(resource.get("service.instance.id") or "")
    number = int(deployment) if deployment.isdecimal() and len(deployment) < 19 else 0
    return _members(resource, _BEANSTALK) | {"deployment_id": number} if deployment else None


def _log_groups(resource: Attributes) -> list[dict[str, str]]:
    if arns := _texts(resource.get("aws.log.group.arns")):
        return [{"arn": arn, "log_group": arn.split(":")[6] if arn.count(":") > 5 else arn} for arn in arns]
    return [{"log_group": name} for name in _texts(resource.get("aws.log.group.names"))]


def _texts(value: object) -> list[str]:
    """Return the texts of a list, or those that stand in one text, as in OTEL_RESOURCE_ATTRIBUTES."""
    texts = value.split("&") if isinstance(value, str) else value if isinstance(value, Sequence) else []
    return [text for text in texts if isinstance(text, str) and text]
