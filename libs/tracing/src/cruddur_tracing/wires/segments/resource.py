"""What a resource gives each segment of its process: `origin`, `aws`, `service` and metadata `otel.resource.*`.

The rules are those of the collector's awsxray exporter; `service` has the runtime too, as the X-Ray SDK writes it.
"""

import platform
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cruddur_tracing.recording.values import Writer, quote, safe_text
from cruddur_tracing.wires.segments.calls import checked_aws

_ORIGINS: Final = {
    "aws_app_runner": "AWS::AppRunner::Service",
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
}
_LAUNCH_TYPES: Final = {"ec2": "AWS::ECS::EC2", "fargate": "AWS::ECS::Fargate"}
_EC2: Final = {
    "instance_id": "host.id",
    "availability_zone": "cloud.availability_zone",
    "instance_size": "host.type",
    "ami_id": "host.image.id",
}
_ECS: Final = {
    "container": "container.name",
    "container_id": "container.id",
    "availability_zone": "cloud.availability_zone",
    "container_arn": "aws.ecs.container.arn",
    "cluster_arn": "aws.ecs.cluster.arn",
    "task_arn": "aws.ecs.task.arn",
    "task_family": "aws.ecs.task.family",
    "launch_type": "aws.ecs.launchtype",
}
_EKS: Final = {"cluster_name": "k8s.cluster.name", "pod": "k8s.pod.name", "container_id": "container.id"}
_ROOM: Final = 8_000  # characters of one field
_RULES_MAX: Final = 100

Attributes = Mapping[str, Any]


class SegmentConstants:
    """The fields that all segments of a resource have. `origin` and `aws` are what X-Ray's plugins found.

    `metadata` is the inside of a JSON object: the entries of the namespace `default`.
    """

    __slots__ = ("_texts", "aws", "metadata", "origin", "service")

    def __init__(self, attributes: Attributes, origin: str | None = None, aws: Attributes | None = None) -> None:
        writer = Writer()
        self.origin = origin or _origin(attributes)
        self.aws = checked_aws(_aws(attributes) | dict(aws or {}))
        self.service = writer.text(_service(attributes), _ROOM, "service")
        described = {f"otel.resource.{key}": value for key, value in attributes.items()}
        self.metadata = writer.text(described, _ROOM, "metadata")[1:-1]
        self._texts: dict[str | None, str] = {}

    def text(self, rule: str | None) -> str:
        """Return `aws`, `service` and `origin` of a segment that the sampling rule decided, as fields of JSON text."""
        text = self._texts.get(rule)
        if text is None:
            text = f'"aws":{Writer().text(self.aws_of(rule), _ROOM, "aws")},"service":{self.service}'
            if self.origin:
                text += f',"origin":{quote(safe_text(self.origin))}'
            if len(self._texts) >= _RULES_MAX:
                self._texts.clear()
            self._texts[rule] = text
        return text

    def aws_of(self, rule: str | None) -> dict[str, Any]:
        """Return the `aws` block of a segment that the sampling rule decided."""
        if rule is None:
            return self.aws
        return self.aws | {"xray": dict(self.aws.get("xray", {})) | {"sampling_rule_name": rule}}


def _origin(resource: Attributes) -> str | None:
    platform_name = resource.get("cloud.platform")
    if resource.get("cloud.provider", "aws") != "aws" or not isinstance(platform_name, str):
        return None
    if platform_name == "aws_ecs":
        return _LAUNCH_TYPES.get(str(resource.get("aws.ecs.launchtype")), _ORIGINS[platform_name])
    return _ORIGINS.get(platform_name)


def _aws(resource: Attributes) -> dict[str, Any]:
    found = _hosts(resource) if resource.get("cloud.provider", "aws") == "aws" else {}
    return found | {"xray": _sdk(resource)}


def _hosts(resource: Attributes) -> dict[str, Any]:
    where = resource.get("cloud.platform")
    found = {
        "account_id": resource.get("cloud.account.id"),
        "cloudwatch_logs": _log_groups(resource),
        "ec2": _select(resource, _EC2) if where == "aws_ec2" or resource.get("host.id") else None,
        "ecs": _select(resource, _ECS) if where == "aws_ecs" else None,
        "eks": _select(resource, _EKS) if where == "aws_eks" or resource.get("k8s.cluster.name") else None,
        "elastic_beanstalk": _beanstalk(resource) if where == "aws_elastic_beanstalk" else None,
    }
    return {key: value for key, value in found.items() if value}


def _select(resource: Attributes, keys: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, key in keys.items() if (value := resource.get(key))}


def _beanstalk(resource: Attributes) -> dict[str, Any] | None:
    instance = resource.get("service.instance.id")
    if not instance:
        return None
    deployment = str(instance)
    found = _select(resource, {"environment_name": "service.namespace", "version_label": "service.version"})
    return found | {"deployment_id": int(deployment) if deployment.isdecimal() else 0}


def _log_groups(resource: Attributes) -> list[dict[str, str]]:
    arns = _texts(resource.get("aws.log.group.arns"))
    if arns:
        return [{"arn": arn, "log_group": arn.split(":")[6] if arn.count(":") > 5 else arn} for arn in arns]
    return [{"log_group": name} for name in _texts(resource.get("aws.log.group.names"))]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part for part in value.split("&") if part]
    return [str(item) for item in value] if isinstance(value, Sequence) else []


def _sdk(resource: Attributes) -> dict[str, Any]:
    name, language = resource.get("telemetry.sdk.name"), resource.get("telemetry.sdk.language")
    described = {
        "sdk": f"{name} for {language}" if name and language else name,
        "sdk_version": resource.get("telemetry.sdk.version"),
    }
    automatic = resource.get("telemetry.auto.version") or resource.get("telemetry.distro.version")
    return {key: value for key, value in described.items() if value} | {"auto_instrumentation": bool(automatic)}


def _service(resource: Attributes) -> dict[str, Any]:
    tags = resource.get("container.image.tags")
    tag = tags[0] if isinstance(tags, Sequence) and tags else resource.get("container.image.tag")
    version = resource.get("service.version") or tag
    runtime = {"runtime": platform.python_implementation(), "runtime_version": platform.python_version()}
    return runtime | ({"version": safe_text(version)} if version else {})
